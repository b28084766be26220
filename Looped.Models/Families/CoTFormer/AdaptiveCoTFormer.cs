using Looped.Models.Layers;
using Looped.Models.Native;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// `adm`: the LN-CoTFormer in which routers decide after each repeat who goes on (section 3.5). Only the tokens that go on are computed,
/// in training and in evaluation; those that halted stay visible through the keys of the repeats they ran.
/// </summary>
internal sealed class AdaptiveCoTFormer : RoutedModel
{
    private readonly Transformer transformer;
    private readonly DepthEmbedding? depth_emb;

    /// <summary>The model with unset weights.</summary>
    public AdaptiveCoTFormer(CoTFormerConfig config, int vocabularySize) : base(config, vocabularySize)
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
        x = transformer.Begin(x, pass);                                                     // (B, T, D)
        IReadOnlyList<int> counts = LengthFactors.Counts((int)x.shape[1], pass.Factors);    // n_1 … n_R
        var tokens = new RoutedTokens(x, pass);
        Tensor? weights = null;                                                             // (B, n_r, 1), of the router before
        for (int r = 0; r < pass.Repeats; r++)
        {
            if (counts[r] == 0 && !is_grad_enabled()) break;                                // nothing to compute, nobody to ask for a gradient
            Tensor before = x;                                                              // (B, n_r, D), as everything in a repeat
            x = DepthEmbedding.Add(depth_emb, x, remaining: pass.Repeats - 1 - r);
            x = transformer.Middle(x, r, tokens.Enter(pass, r));
            x = transformer.MiddleNorm(x, r, pass);
            if (weights is not null) x = (before * OneMinus(weights)).Plus(x * weights);        // what the router before believed of it
            pass.Watch?.Loop(before, x, counts[r] / (double)counts[0]);
            if (r == pass.Repeats - 1) break;
            pass.Watch?.Route(counts[r] == 0 ? 0 : counts[r + 1] / (double)counts[r]);

            pass.Trace?.Invoke($"rep{r + 1}.mixed", x);
            Tensor logits = transformer.Router(r).forward(x);
            (x, logits) = tokens.Leave(x, logits, counts[r + 1], r, pass);                  // (B, n_{r+1}, D) and (B, n_{r+1}, 1)
            weights = sigmoid(logits);
            pass.Trace?.Invoke($"router{r}.weights", weights.squeeze(2));
        }
        return new(transformer.End(tokens.Gather(x), pass), Depth(counts.Sum() / (double)counts[0]));
    }

    /// <inheritdoc/>
    protected override IEnumerable<Visit> Visits(int tokens, int repeats, IReadOnlyList<double> factors)
    {
        IReadOnlyList<int> counts = LengthFactors.Counts(tokens, factors);
        return [.. transformer.VisitReserved(tokens), .. counts.SelectMany((n, r) => transformer.VisitMiddle(n, keys: counts.Take(r + 1).Sum())),
            .. counts.SkipLast(1).Select((n, r) => new Visit(transformer.Router(r), n))];
    }
}
