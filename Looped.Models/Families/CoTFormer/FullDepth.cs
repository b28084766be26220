using Looped.Models.Layers;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// `but` and `cotformer`: the middle runs R times over all tokens. In the Block Universal Transformer a repeat sees its own keys alone
/// (section 3.2); in the CoTFormer each token sees in repeat r its own and all earlier tokens' keys of repeats 1 … r (section 3.3; the
/// paper's equation 3 prints x⁽⁰⁾ as the input of every repeat, its code feeds the output of the one before).
/// </summary>
internal sealed class FullDepth : CoTFormerModel
{
    private readonly Transformer transformer;

    /// <summary>The model with unset weights.</summary>
    public FullDepth(CoTFormerConfig config, int vocabularySize) : base(config, vocabularySize)
    {
        transformer = new Transformer(config, vocabularySize);
        RegisterComponents();
    }

    /// <inheritdoc/>
    protected override Transformer Transformer => transformer;

    /// <inheritdoc/>
    protected override Hidden Run(Tensor x, Pass pass)
    {
        x = transformer.Begin(x, pass);                             // (B, T, D), as everything below
        for (int r = 0; r < pass.Repeats; r++)
        {
            Tensor before = x;
            x = transformer.Middle(x, r, pass);
            pass.Watch?.Loop(before, x);
        }
        return new(transformer.End(x, pass), Depth(pass.Repeats));
    }

    /// <inheritdoc/>
    protected override IEnumerable<Visit> Visits(int tokens, int repeats, IReadOnlyList<double> factors) =>
        [.. transformer.VisitReserved(tokens), .. VisitRepeats(tokens, repeats)];
}
