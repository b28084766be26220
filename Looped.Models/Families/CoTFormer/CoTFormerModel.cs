using Looped.Models.Layers;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// What all variants share: the tied embedding and head, the loss, decoding. A variant gives the way from the embedded tokens to the
/// last block's output.
/// </summary>
internal abstract class CoTFormerModel : LanguageModel
{
    private readonly Rotary? _rotary;
    private readonly CausalAttention _attention;

    /// <summary>Prepares what has no weights; a variant adds its modules and registers them.</summary>
    protected CoTFormerModel(CoTFormerConfig config, int vocabularySize) : base(config.Variant)
    {
        (Config, VocabularySize) = (config, vocabularySize);
        _rotary = config.PositionalEncoder == PositionalEncoder.Rotary ? new Rotary(config.Width / config.Heads) : null;
        _attention = new CausalAttention(config.AttentionWindow);
    }

    /// <summary>The configuration it was built from.</summary>
    public CoTFormerConfig Config { get; }

    /// <inheritdoc/>
    public override int VocabularySize { get; }

    /// <inheritdoc/>
    public override int SequenceLength => Config.SequenceLength;

    /// <inheritdoc/>
    public override int? Loops => Repeats(null);

    /// <summary>Embedding, blocks and final norm.</summary>
    protected abstract Transformer Transformer { get; }

    /// <summary>The way from the embedded tokens to the last block's output, both (B, T, D).</summary>
    protected abstract Tensor Run(Tensor x, Pass pass);

    /// <summary>Repeats of a pass that was asked for <paramref name="loops"/>.</summary>
    /// <exception cref="LoopedException">The variant cannot run that many.</exception>
    protected abstract int Repeats(int? loops);

    /// <summary>Blocks that a token passes; null where the reference reports none.</summary>
    protected abstract double? AverageDepth(int repeats);

    /// <inheritdoc/>
    public override ModelOutput Forward(ModelInput input) => Forward(input, trace: null);

    /// <summary>As <see cref="Forward(ModelInput)"/>, telling <paramref name="trace"/> of intermediate values; it copies what it keeps.</summary>
    public ModelOutput Forward(ModelInput input, Action<string, Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        using var stores = new KeyValueStores(Config.Layers);
        int repeats = Repeats(input.Loops);
        var dropout = new DropoutContext(Config.Dropout, input.Random);
        Tensor x = Hidden(input.Tokens, new Pass(repeats, 0, stores, _rotary, _attention, dropout, trace));     // (B, T, D)
        if (input.Targets is null)
            return new ModelOutput(Logits(Last(x)).MoveToOuterDisposeScope(), Loss: null, AverageDepth: AverageDepth(repeats));

        Tensor logits = Logits(x);                                                                              // (B, T, V)
        Tensor loss = nn.functional.cross_entropy(logits.view(-1, VocabularySize), input.Targets.flatten(), ignore_index: Data.MicroBatch.Ignored);
        return new ModelOutput(logits.MoveToOuterDisposeScope(), loss.MoveToOuterDisposeScope(), AverageDepth: AverageDepth(repeats));
    }

    /// <summary>The logits of the newest token, (B, V), given those that came before it in <paramref name="stores"/>.</summary>
    /// <param name="tokens">int64, (B, t): the tokens since the last call.</param>
    /// <param name="position">The position of the first of them.</param>
    /// <param name="stores">Keys and values of the tokens before; gets those of these.</param>
    /// <param name="loops">As in <see cref="ModelInput"/>.</param>
    public Tensor Decode(Tensor tokens, int position, KeyValueStores stores, int? loops)
    {
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        var dropout = new DropoutContext(0, random: null);
        Tensor x = Hidden(tokens, new Pass(Repeats(loops), position, stores, _rotary, _attention, dropout, Trace: null));
        return Logits(Last(x)).squeeze(1).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override IDecoder StartDecoding(int sequences, int? loops = null) => new CoTFormerDecoder(this, sequences, loops);

    /// <inheritdoc/>
    public override bool Decays(string parameterName) => CoTFormerNames.IsLinearWeight(parameterName);

    /// <inheritdoc/>
    public override long MultiplyAccumulates(int sequenceLength, int? loops = null) =>
        CoTFormerCosts.MultiplyAccumulates(Config, VocabularySize, sequenceLength, Repeats(loops));

    /// <inheritdoc/>
    public override long ActivationBytes(int sequences, int sequenceLength, int bytesPerElement) =>
        CoTFormerCosts.ActivationBytes(Config, VocabularySize, sequences, sequenceLength, bytesPerElement, Repeats(null));

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _rotary?.Dispose();
            _attention.Dispose();
        }
        base.Dispose(disposing);
    }

    private Tensor Hidden(Tensor tokens, Pass pass) => Run(pass.Dropout.Apply(Transformer.Embed(tokens)), pass);

    private static Tensor Last(Tensor x) => x.narrow(1, x.shape[1] - 1, 1);                                     // (B, 1, D)

    private Tensor Logits(Tensor x) => Transformer.Head(x);
}
