using Looped.Models.Data;
using Looped.Models.Layers;
using Looped.Models.Native;
using Looped.Models.Randomness;
using static TorchSharp.torch;
using Linear = Looped.Models.Layers.Linear;

namespace Looped.Models.Families.CoTFormer;

/// <summary>Where a variant's blocks end.</summary>
/// <param name="X">(B, T, D), the last block's output.</param>
/// <param name="AverageDepth">Blocks that a token passed on average; null where the reference reports none.</param>
/// <param name="Penalty">What training adds to the cross-entropy, a scalar; null for nothing.</param>
internal record Hidden(Tensor X, double? AverageDepth, Tensor? Penalty = null);

/// <summary>
/// What all variants share: the tied embedding and head, the loss, decoding, costs. A variant gives the way from the embedded tokens to
/// the last block's output.
/// </summary>
internal abstract class CoTFormerModel : LanguageModel
{
    private readonly Rotary? _rotary;
    private readonly CausalAttention _attention;
    private HashSet<string>? _matrices;
    private IReadOnlyList<IReadOnlyList<string>>? _stages;

    /// <summary>Prepares what has no weights; a variant adds its modules and registers them.</summary>
    protected CoTFormerModel(CoTFormerConfig config, int vocabularySize) : base(config.Variant)
    {
        (Config, Traits, VocabularySize) = (config, config.Traits(), vocabularySize);
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

    /// <summary>Numbers of a reference vector that stand in for draws; null outside of parity runs.</summary>
    internal GivenDraws? Given { get; set; }

    /// <summary>What is special about the variant.</summary>
    protected VariantTraits Traits { get; }

    /// <summary>Embedding, blocks and final norm.</summary>
    protected abstract Transformer Transformer { get; }

    /// <summary>The way from the embedded tokens, (B, T, D), to the last block's output.</summary>
    protected abstract Hidden Run(Tensor x, Pass pass);

    /// <summary>What a forward of one sequence runs, the head left out; costs are derived from it.</summary>
    protected abstract IEnumerable<Visit> Visits(int tokens, int repeats, IReadOnlyList<double> factors);

    /// <summary>Repeats of a pass that was asked for <paramref name="loops"/>.</summary>
    /// <exception cref="LoopedException">The variant cannot run that many.</exception>
    protected virtual int Repeats(int? loops) => loops switch
    {
        null => Config.Repeats,
        >= 1 => loops.Value,
        _ => throw new LoopedException($"A CoTFormer cannot run {loops} loops; ask for 1 or more."),
    };

    /// <summary>Length factors of a pass; empty where the variant has none.</summary>
    /// <param name="loops">Repeats that were asked for, or null.</param>
    /// <param name="asked">Factors that were asked for, or null.</param>
    /// <param name="random">The micro-batch's stream in training, else null.</param>
    /// <exception cref="LoopedException">The variant has none, or they do not suit it.</exception>
    protected virtual IReadOnlyList<double> Factors(int? loops, IReadOnlyList<double>? asked, RandomStream? random) => asked is null
        ? []
        : throw new LoopedException($"The variant {Config.Variant} has no routers, so it takes no length factors; use {CoTFormerVariants.Names(v => v.Routed)}.");

    /// <summary>Blocks that every token passes: L_b + R · L_m + L_e; R may be a mean.</summary>
    protected double Depth(double repeats) => Config.LayersBegin + repeats * Config.MiddleLayers() + Config.LayersEnd;

    /// <summary>The middle over all T tokens in each repeat.</summary>
    protected IEnumerable<Visit> VisitRepeats(int tokens, int repeats) => Enumerable.Range(1, repeats)
        .SelectMany(r => Transformer.VisitMiddle(tokens, Traits.SeesEarlierRepeats ? (long)r * tokens : tokens));

    /// <inheritdoc/>
    public override ModelOutput Forward(ModelInput input) => Forward(input, trace: null);

    /// <summary>As <see cref="Forward(ModelInput)"/>, telling <paramref name="trace"/> of intermediate values; it copies what it keeps.</summary>
    public ModelOutput Forward(ModelInput input, Action<string, Tensor>? trace)
    {
        using var scope = NewDisposeScope();
        using var stores = new KeyValueStores(Config.Layers);
        Pass pass = Begin(input, 0, stores, trace);
        Hidden hidden = Run(pass.Dropout.Apply(Transformer.Embed(input.Tokens)), pass);
        ModelOutput output = input.Targets is null
            ? new ModelOutput(Head(Last(hidden.X)), Loss: null, AverageDepth: hidden.AverageDepth)
            : Score(hidden, input.Targets, pass);
        output.Logits.MoveToOuterDisposeScope();
        output.Loss?.MoveToOuterDisposeScope();
        output.CrossEntropy?.MoveToOuterDisposeScope();
        return output;
    }

    /// <summary>Logits and loss of every position.</summary>
    /// <param name="hidden">What <see cref="Run"/> gave.</param>
    /// <param name="targets">int64, (B, T).</param>
    /// <param name="pass">The pass.</param>
    protected virtual ModelOutput Score(Hidden hidden, Tensor targets, Pass pass)
    {
        Tensor logits = Head(hidden.X);                                                                         // (B, T, V)
        Tensor loss = nn.functional.cross_entropy(logits.view(-1, VocabularySize), targets.flatten(), ignore_index: MicroBatch.Ignored);
        return hidden.Penalty is null || pass.Random is null
            ? new ModelOutput(logits, loss, AverageDepth: hidden.AverageDepth)
            : new ModelOutput(logits, loss.Plus(hidden.Penalty), CrossEntropy: loss, hidden.AverageDepth);
    }

    /// <summary>Final norm and tied head: (B, T, D) → (B, T, V).</summary>
    protected virtual Tensor Head(Tensor x) => Transformer.Head(x);

    /// <summary>The logits of the newest token, (B, V), given those that came before it in <paramref name="stores"/>.</summary>
    /// <param name="tokens">int64, (B, t): the tokens since the last call.</param>
    /// <param name="position">The position of the first of them.</param>
    /// <param name="stores">Keys and values of the tokens before; gets those of these.</param>
    /// <param name="loops">As in <see cref="ModelInput"/>.</param>
    public Tensor Decode(Tensor tokens, int position, KeyValueStores stores, int? loops)
    {
        using var quiet = no_grad();
        using var scope = NewDisposeScope();
        Pass pass = Begin(new ModelInput(tokens, Loops: loops), position, stores, trace: null);
        return Head(Last(Run(Transformer.Embed(tokens), pass).X)).squeeze(1).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override IDecoder StartDecoding(int sequences, int? loops = null) => new CoTFormerDecoder(this, sequences, loops);

    /// <summary>Matrices of linear maps decay (section 5); biases, norms, embeddings and the tied head do not.</summary>
    public override bool Decays(string parameterName) =>
        (_matrices ??= [.. named_modules().Where(m => m.module is Linear).Select(m => $"{m.name}.weight")]).Contains(parameterName);

    /// <inheritdoc/>
    public override long MultiplyAccumulates(int sequenceLength, int? loops = null, int scored = 1) => MultiplyAccumulates(sequenceLength, loops, factors: null, scored);

    /// <summary>As the other, at the depth that <paramref name="factors"/> let tokens reach (see <see cref="ModelInput.LengthFactors"/>).</summary>
    public long MultiplyAccumulates(int sequenceLength, int? loops, IReadOnlyList<double>? factors, int scored = 1) =>
        MatrixProducts.Count(Walk(sequenceLength, loops, factors).Append(Transformer.VisitHead(scored)));

    /// <inheritdoc/>
    public override IReadOnlyList<IReadOnlyList<string>> BackwardStages => _stages ??= Traits.LossSeesRepeats ? [] : Transformer.BackwardStages();

    /// <inheritdoc/>
    public override long ActivationBytes(int sequences, int sequenceLength, int bytesPerElement) =>
        checked(sequences * CoTFormerMemory.ActivationElements(Config, VocabularySize, sequenceLength, Walk(sequenceLength, null, null)) * bytesPerElement);

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

    private IEnumerable<Visit> Walk(int tokens, int? loops, IReadOnlyList<double>? factors) =>
        Visits(tokens, Repeats(loops), Factors(loops, factors, random: null));

    private Pass Begin(ModelInput input, int position, KeyValueStores stores, Action<string, Tensor>? trace) =>
        new(Repeats(input.Loops), position, Traits.SeesEarlierRepeats, stores, _rotary, _attention,
            new DropoutContext(Config.Dropout, input.Random), input.Random, Factors(input.Loops, input.LengthFactors, input.Random), trace, input.Watch,
            BackwardStages.Count > 0 ? input.Cuts : null);

    private static Tensor Last(Tensor x) => x.narrow(1, x.shape[1] - 1, 1);                                     // (B, 1, D)
}
