using Looped.Models.Layers;
using Looped.Models.Native;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// `adaptive_but`, the Mixture of Repeats: routers decide after each repeat who goes on, but a repeat sees its own keys alone and runs
/// over all tokens; those that halted are put back after each block (section 3.6).
/// </summary>
internal sealed class AdaptiveBut : RoutedModel
{
    private readonly Transformer transformer;
    private readonly DepthEmbedding? depth_emb;

    /// <summary>The model with unset weights.</summary>
    public AdaptiveBut(CoTFormerConfig config, int vocabularySize) : base(config, vocabularySize)
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
        x = transformer.Begin(x, pass);                                                     // (B, T, D), as every x below
        IReadOnlyList<int> counts = LengthFactors.Counts((int)x.shape[1], pass.Factors);    // n_1 … n_R
        Tensor active = ones([x.shape[0], x.shape[1], 1], dtype: ScalarType.Bool, device: x.device);
        Tensor? weights = null;                                                             // (B, T, 1), of the router before; 0 for halted tokens
        for (int r = 0; r < pass.Repeats; r++)
        {
            Tensor before = x, still = active;
            x = DepthEmbedding.Add(depth_emb, x, remaining: pass.Repeats - 1 - r);
            // A halted token shows the first block its embedded state, and the others its frozen one.
            x = transformer.Middle(x, r, pass, after: counts[r] == counts[0] ? null : y => where(still, y, before));
            x = transformer.MiddleNorm(x, r, pass);
            if (weights is not null) x = (before * OneMinus(weights)).Plus(x * weights);
            pass.Watch?.Loop(before, x, active);
            if (r == pass.Repeats - 1) break;
            pass.Watch?.Route(counts[r] == 0 ? 0 : counts[r + 1] / (double)counts[r]);

            pass.Trace?.Invoke($"rep{r + 1}.mixed", x);
            Tensor logits = transformer.Router(r).forward(x);                               // (B, T, 1)
            (active, weights) = Choose(logits, active, counts[r + 1]);
            if (pass.Trace is { } trace)
            {
                trace($"router{r}.logits", logits);
                trace($"router{r}.is_final", active.logical_not().squeeze(2).to(ScalarType.Byte));
                trace($"router{r}.weights", weights.squeeze(2));
            }
        }
        return new(transformer.End(x, pass), Depth(counts.Sum() / (double)counts[0]));
    }

    /// <summary>The tokens that go on, and the weight of each; both (B, T, 1).</summary>
    private static (Tensor Active, Tensor Weights) Choose(Tensor logits, Tensor active, int count)
    {
        // Inactive tokens fall behind all others.
        Tensor eligible = where(active, logits, logits.detach().min().sub(Number(0.1)));
        Tensor chosen = Router.Divide(eligible, count).Chosen.unsqueeze(2);                 // (B, k, 1)
        Tensor next = zeros_like(active).scatter(1, chosen, ones_like(chosen).to(ScalarType.Bool));
        return (next, zeros_like(logits).scatter(1, chosen, sigmoid(eligible.gather(1, chosen))));
    }

    /// <summary>As the reference counts: by the tokens that are active, keys and values of the halted ones taken as given (section 8).</summary>
    protected override IEnumerable<Visit> Visits(int tokens, int repeats, IReadOnlyList<double> factors)
    {
        IReadOnlyList<int> counts = LengthFactors.Counts(tokens, factors);
        return [.. transformer.VisitReserved(tokens), .. counts.SelectMany(n => transformer.VisitMiddle(n, keys: tokens)),
            .. counts.SkipLast(1).Select((_, r) => new Visit(transformer.Router(r), tokens))];
    }
}
