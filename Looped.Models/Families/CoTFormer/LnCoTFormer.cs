using Looped.Models.Layers;
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
        transformer = new Transformer(config, vocabularySize);
        depth_emb = DepthEmbedding.Of(config);
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
            x = DepthEmbedding.Add(depth_emb, x, remaining: pass.Repeats - 1 - r);
            x = transformer.Middle(x, r, pass);
            x = transformer.MiddleNorm(x, r, pass);
            pass.Watch?.Loop(before, x);
        }
        return new(transformer.End(x, pass), Depth(pass.Repeats));
    }

    /// <inheritdoc/>
    protected override IEnumerable<Visit> Visits(int tokens, int repeats, IReadOnlyList<double> factors) =>
        [.. transformer.VisitReserved(tokens), .. VisitRepeats(tokens, repeats)];
}
