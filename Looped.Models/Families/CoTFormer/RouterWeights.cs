using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>What the routers of an adaptive model think of tokens when everybody runs every repeat (section 9, Figure 5).</summary>
internal static class RouterWeights
{
    /// <summary>The sigmoid weights of each router by token, (R − 1, B, T).</summary>
    /// <param name="model">An adaptive model.</param>
    /// <param name="tokens">int64, (B, T).</param>
    public static Tensor Raw(CoTFormerModel model, Tensor tokens)
    {
        using var quiet = no_grad();
        var weights = new List<Tensor>();
        try
        {
            using var scope = NewDisposeScope();
            // With everybody going on, tokens keep their places and a router's weights are in the order of the sequence.
            model.Forward(new ModelInput(tokens, Loops: model.Config.Repeats), (name, value) =>
            {
                if (name.StartsWith("router", StringComparison.Ordinal) && name.EndsWith(".weights", StringComparison.Ordinal))
                    weights.Add(value.clone().DetachFromDisposeScope());
            });
            return stack(weights).MoveToOuterDisposeScope();
        }
        finally
        {
            foreach (Tensor tensor in weights) tensor.Dispose();
        }
    }

    /// <summary>The running minimum over the routers, per token: what a token needs to have reached a repeat; (R − 1, B, T).</summary>
    /// <param name="raw">As <see cref="Raw"/> gives.</param>
    public static Tensor Cascade(Tensor raw) => cummin(raw, 0).values;

    /// <summary>
    /// The length factors of a threshold t: for each router the share of tokens with a cascaded weight of at least 1 − t, rounded up to a
    /// multiple of 1 / <paramref name="grid"/> and then to two decimals, as the reference writes it (section 8, Figure 4).
    /// </summary>
    /// <param name="cascade">As <see cref="Cascade"/> gives.</param>
    /// <param name="threshold">t, from 0 to 1.</param>
    /// <param name="grid">256 in the reference, which is its sequence length.</param>
    public static IReadOnlyList<double> Factors(Tensor cascade, double threshold, int grid)
    {
        using Tensor enough = cascade.ge(Number(1 - threshold)), counts = enough.sum([1, 2]).cpu();
        long tokens = cascade.shape[1] * cascade.shape[2];
        return [.. counts.data<long>().Select(reached => Rounded(reached, tokens, grid))];
    }

    // Whole and decimal numbers: a share that lies on the grid must not be pushed off it, and ties go to the even digit.
    private static double Rounded(long reached, long tokens, int grid)
    {
        long steps = (reached * grid + tokens - 1) / tokens;
        return (double)Math.Round((decimal)steps / grid, 2, MidpointRounding.ToEven);
    }
}
