using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Layers;

/// <summary>
/// softmax(q kᵀ / √h) v step by step: for second derivatives, which fused kernels do not have, and for dropout of the probabilities,
/// whose mask has to come from our own stream.
/// </summary>
internal static class PlainAttention
{
    /// <summary>Causal attention of t queries, which are the last of the n positions.</summary>
    /// <param name="queries">(B, t, H, h).</param>
    /// <param name="keys">(B, n, H, h).</param>
    /// <param name="values">(B, n, H, h).</param>
    /// <param name="dropout">Dropout of the probabilities.</param>
    /// <returns>(B, t, H · h).</returns>
    public static Tensor Attend(Tensor queries, Tensor keys, Tensor values, DropoutContext dropout)
    {
        using var scope = NewDisposeScope();
        long t = queries.shape[1], n = keys.shape[1];
        Tensor q = queries.transpose(1, 2), k = keys.transpose(1, 2), v = values.transpose(1, 2);           // (B, H, ·, h)
        Tensor later = ones([t, n], dtype: ScalarType.Bool, device: queries.device).triu(n - t + 1);
        Tensor scores = matmul(q, k.transpose(2, 3)).mul(Number(1 / Math.Sqrt(q.shape[3])));                        // (B, H, t, n)
        Tensor shares = dropout.Apply(scores.masked_fill(later, Number(double.NegativeInfinity)).softmax(-1));
        return matmul(shares, v).transpose(1, 2).flatten(2).MoveToOuterDisposeScope();
    }
}
