using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// `ln_cotformer`: the CoTFormer with a depth embedding before each repeat and one shared norm after each, the last included
/// (section 3.4). The normalised value replaces the residual stream.
/// </summary>
internal sealed class LnCoTFormer : CoTFormerModel
{
    private readonly Transformer transformer;
    private readonly DepthEmbedding? depth_emb;

    /// <summary>The model with unset weights.</summary>
    public LnCoTFormer(CoTFormerConfig config, int vocabularySize) : base(config, vocabularySize)
    {
        transformer = Transformer.Looped(config, vocabularySize, hasMiddleNorm: !config.DisableLnMid);
        if (config.DepthEmbedding != DepthEmbeddingKind.None) depth_emb = new DepthEmbedding(config);
        RegisterComponents();
    }

    /// <inheritdoc/>
    protected override Transformer Transformer => transformer;

    /// <inheritdoc/>
    protected override Tensor Run(Tensor x, Pass pass)
    {
        x = transformer.Begin(x, pass);                             // (B, T, D), as everything below
        for (int r = 1; r <= pass.Repeats; r++)
        {
            if (depth_emb is not null) x = depth_emb.Add(x, remaining: pass.Repeats - r);
            pass.Trace?.Invoke($"rep{r}.block0_in", x);
            x = transformer.Middle(x, repeat: r - 1, pass);
            pass.Trace?.Invoke($"rep{r}.blocks_out", x);
            x = transformer.MiddleNorm(x);
            pass.Trace?.Invoke($"rep{r}.ln_mid_out", x);
        }
        return transformer.End(x, pass);
    }

    /// <inheritdoc/>
    protected override int Repeats(int? loops) => Looping.Repeats(Config, loops);

    /// <inheritdoc/>
    protected override double? AverageDepth(int repeats) => Looping.Depth(Config, repeats);
}
