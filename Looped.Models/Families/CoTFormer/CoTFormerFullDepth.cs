using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// `cotformer`: the middle runs R times, and in repeat r each token sees its own and all earlier tokens' keys of repeats 1 … r
/// (section 3.3; the paper's equation 3 prints x⁽⁰⁾ as the input of every repeat, its code feeds the output of the one before).
/// </summary>
internal sealed class CoTFormerFullDepth : CoTFormerModel
{
    private readonly Transformer transformer;

    /// <summary>The model with unset weights.</summary>
    public CoTFormerFullDepth(CoTFormerConfig config, int vocabularySize) : base(config, vocabularySize)
    {
        transformer = Transformer.Looped(config, vocabularySize, hasMiddleNorm: false);
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
            pass.Trace?.Invoke($"rep{r}.block0_in", x);
            x = transformer.Middle(x, repeat: r - 1, pass);
            pass.Trace?.Invoke($"rep{r}.blocks_out", x);
        }
        return transformer.End(x, pass);
    }

    /// <inheritdoc/>
    protected override int Repeats(int? loops) => Looping.Repeats(Config, loops);

    /// <inheritdoc/>
    protected override double? AverageDepth(int repeats) => Looping.Depth(Config, repeats);
}
