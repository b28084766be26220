using static TorchSharp.torch;

namespace Looped.Models.Layers;

/// <summary>
/// softmax(q kᵀ / √h + mask) v, where a token sees positions up to its own in every repeat that the keys hold (CoTFormer, section
/// 3.1: the causal mask tiled along the keys, one softmax over all of them). Fused; the masks of whole sequences are kept.
/// </summary>
/// <param name="window">w: a token sees positions i − w … i; null for all before it.</param>
internal sealed class CausalAttention(int? window) : IDisposable
{
    private readonly Dictionary<int, Tensor> _masks = [];      // by repeats, for sequences of _length tokens
    private (long Length, ScalarType Type, string Device) _made;

    /// <summary>Attends t queries to n keys of each of <paramref name="repeats"/> repeats; the queries are the last t of the n positions.</summary>
    /// <param name="queries">(B, t, H, h).</param>
    /// <param name="keys">(B, repeats · n, H, h), repeat after repeat.</param>
    /// <param name="values">As the keys.</param>
    /// <param name="repeats">Repeats in the keys, from 1.</param>
    /// <returns>(B, t, H · h).</returns>
    public Tensor Attend(Tensor queries, Tensor keys, Tensor values, int repeats)
    {
        long t = queries.shape[1], n = keys.shape[1] / repeats;
        // A tiled or windowed mask has to be given; the plain one is built into the kernel; the newest token alone sees everything.
        bool plain = window is null && repeats == 1 && t == n, mayseeAll = window is null && t == 1;
        Tensor? mask = plain || mayseeAll ? null : Mask(t, n, repeats, queries);
        return Attend(queries, keys, values, mask, plain && t > 1);
    }

    /// <summary>Attends under a mask that the caller made.</summary>
    /// <param name="queries">(B, t, H, h).</param>
    /// <param name="keys">(B, S, H, h).</param>
    /// <param name="values">As the keys.</param>
    /// <param name="mask">(B, 1, t, S); see <see cref="Mask(Tensor, Tensor, Tensor)"/>.</param>
    /// <returns>(B, t, H · h).</returns>
    public static Tensor Attend(Tensor queries, Tensor keys, Tensor values, Tensor mask) => Attend(queries, keys, values, mask, causal: false);

    /// <summary>The mask of tokens at any positions: a query sees the keys whose position is not after its own.</summary>
    /// <param name="queries">Positions, int64, (B, t).</param>
    /// <param name="keys">Positions, int64, (B, S).</param>
    /// <param name="like">Gives element type and device.</param>
    /// <returns>(B, 1, t, S): 0 where a query may look, −∞ elsewhere.</returns>
    public Tensor Mask(Tensor queries, Tensor keys, Tensor like)
    {
        using var scope = NewDisposeScope();
        return Hide(Hidden(queries.unsqueeze(2), keys.unsqueeze(1)), like).unsqueeze(1).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public void Dispose() => Forget();

    private Tensor Mask(long t, long n, int repeats, Tensor like)
    {
        if (t != n) return Build(t, n, repeats, like);      // a prompt in pieces: each piece has its own mask, once
        (long, ScalarType, string) wanted = (n, like.dtype, like.device.ToString());
        if (_made != wanted) Forget();
        _made = wanted;
        if (!_masks.TryGetValue(repeats, out Tensor? mask))
            _masks[repeats] = mask = Build(t, n, repeats, like).DetachFromDisposeScope();
        return mask;
    }

    /// <summary>(t, repeats · n): 0 where a query may look, −∞ elsewhere.</summary>
    private Tensor Build(long t, long n, int repeats, Tensor like)
    {
        using var scope = NewDisposeScope();
        Tensor i = arange(n - t, n, device: like.device).unsqueeze(1), j = arange(n, device: like.device).unsqueeze(0);
        return Hide(Hidden(i, j), like).repeat(1, repeats).MoveToOuterDisposeScope();
    }

    private Tensor Hidden(Tensor i, Tensor j) => window is { } w ? (j > i).logical_or(j < i - w) : j > i;

    private static Tensor Hide(Tensor hidden, Tensor like) =>
        zeros(hidden.shape, dtype: like.dtype, device: like.device).masked_fill(hidden, double.NegativeInfinity);

    private static Tensor Attend(Tensor queries, Tensor keys, Tensor values, Tensor? mask, bool causal)
    {
        Tensor heads = nn.functional.scaled_dot_product_attention(
            queries.transpose(1, 2), keys.transpose(1, 2), values.transpose(1, 2), mask, is_casual: causal);    // (B, H, t, h)
        return heads.transpose(1, 2).flatten(2);
    }

    private void Forget()
    {
        foreach (Tensor mask in _masks.Values) mask.Dispose();
        _masks.Clear();
    }
}
