using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Families.Ouro;

/// <summary>When a token stops (section 6.3): λ_t = sigmoid(gate_t), p_t = λ_t · Π_{s&lt;t} (1 − λ_s), and the last step takes what is left.</summary>
internal static class ExitDistribution
{
    /// <summary>Probabilities of stopping at each step.</summary>
    /// <param name="gates">Outputs of the gate, (B, T, n).</param>
    /// <returns>(B, T, n); they sum to 1.</returns>
    public static Tensor Of(Tensor gates)
    {
        using var scope = NewDisposeScope();
        long steps = gates.shape[2];
        Tensor left = ones_like(gates.narrow(2, 0, 1));                             // (B, T, 1), the probability of still running
        var shares = new List<Tensor>();
        for (long t = 0; t < steps - 1; t++)
        {
            Tensor stop = gates.narrow(2, t, 1).sigmoid();
            shares.Add(stop * left);
            left = left * OneMinus(stop);
        }
        return cat([.. shares, left], 2).MoveToOuterDisposeScope();
    }

    /// <summary>The first step at which a token has stopped with some probability; the last where there is none.</summary>
    /// <param name="probabilities">(B, T, n).</param>
    /// <param name="threshold">The probability.</param>
    /// <returns>int64, (B, T).</returns>
    public static Tensor FirstAbove(Tensor probabilities, double threshold)
    {
        using var scope = NewDisposeScope();
        Tensor below = probabilities.cumsum(2).lt(Number(threshold)).to(ScalarType.Int64).sum(2);       // steps before it, because the sums do not fall
        return below.clamp(max: Number(probabilities.shape[2] - 1)).MoveToOuterDisposeScope();
    }
}
