using Looped.Models.Randomness;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// What the adaptive variants share: in training the length factors are drawn for each micro-batch, in evaluation they are chosen
/// (section 4). A smaller number of loops is a fixed depth: all tokens enter that many repeats, none the others.
/// </summary>
internal abstract class RoutedModel : CoTFormerModel
{
    /// <summary>Prepares what has no weights.</summary>
    protected RoutedModel(CoTFormerConfig config, int vocabularySize) : base(config, vocabularySize) { }

    /// <inheritdoc/>
    protected override int Repeats(int? loops) => loops is null || (loops >= 1 && loops <= Config.Repeats)
        ? Config.Repeats
        : throw new LoopedException($"This {Config.Variant} was trained with {Config.Repeats} repeats and a router between each two, so it cannot run {loops} loops; ask for 1 to {Config.Repeats}.");

    /// <inheritdoc/>
    protected override IReadOnlyList<double> Factors(int? loops, IReadOnlyList<double>? asked, RandomStream? random)
    {
        if (asked is not null && LengthFactors.Problem(asked, Config.Repeats) is { } problem) throw new UsageException($"{problem}.");
        return asked
            ?? (loops is { } depth ? LengthFactors.FixedDepth(depth, Config.Repeats) : null)
            ?? (random is { } stream ? Given?.Factors ?? Sample(Given?.Uniforms ?? Draws(stream)) : null)
            ?? Config.EvalLengthFactor
            ?? LengthFactors.FixedDepth(Config.Repeats, Config.Repeats);
    }

    /// <summary>
    /// A decoder. With every factor 0 or 1 a token's way does not depend on the others, and caches work; else the tokens that come later
    /// decide who goes on, so that each new token means another forward over all of them.
    /// </summary>
    public override IDecoder StartDecoding(int sequences, int? loops = null) => Factors(loops, asked: null, random: null).All(f => f is 0 or 1)
        ? base.StartDecoding(sequences, loops)
        : new RecomputingDecoder(this, sequences, loops);

    private IReadOnlyList<double> Sample(IReadOnlyList<float> uniforms)
    {
        int next = 0;
        return LengthFactors.Sample(Config.DepthRandomMethod, Config.Repeats - 1, () => uniforms[next++]);
    }

    private float[] Draws(RandomStream stream)
    {
        float[] uniforms = new float[Config.Repeats - 1];
        stream.For("length factors").FillUniform(uniforms);
        return uniforms;
    }
}

/// <summary>Generation without caches.</summary>
internal sealed class RecomputingDecoder(CoTFormerModel model, int sequences, int? loops) : IDecoder
{
    private Tensor? _tokens;

    /// <inheritdoc/>
    public Tensor Next(Tensor tokens)
    {
        CoTFormerDecoder.RequireTokens(tokens, sequences);
        using var quiet = no_grad();
        using Tensor? before = _tokens;
        _tokens = (before is null ? tokens.clone() : cat([before, tokens], 1)).DetachFromDisposeScope();
        using Tensor logits = model.Forward(new ModelInput(_tokens, Loops: loops)).Logits;       // (B, 1, V)
        return logits.squeeze(1);
    }

    /// <inheritdoc/>
    public void Dispose() => _tokens?.Dispose();
}
