using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Layers;

/// <summary>
/// softmax(q kᵀ / √h + mask) v, where a token sees positions up to its own in every repeat that the keys hold (CoTFormer, section
/// 3.1: one softmax over all of them). The kernel is fused, and the masks of whole sequences are kept. Keys stand by position, each
/// position's repeats together, so that what the first queries may see are the first keys: groups of queries meet those alone.
/// </summary>
/// <param name="window">w: a token sees positions i − w … i; null for all before it.</param>
internal sealed class CausalAttention(int? window) : IDisposable
{
    /// <summary>Queries of a group. Each has to pay for a copy of its keys' gradients, which smaller ones do not earn back.</summary>
    private const int Group = 64;

    private readonly Dictionary<(long Start, long End, int Repeats), Tensor> _masks = [];      // of sequences of _made.Length tokens
    private (long Length, ScalarType Type, string Device) _made;

    /// <summary>Attends t queries to n keys of each of <paramref name="repeats"/> repeats; the queries are the last t of the n positions.</summary>
    /// <param name="queries">(B, t, H, h).</param>
    /// <param name="keys">(B, n · repeats, H, h), position after position.</param>
    /// <param name="values">As the keys.</param>
    /// <param name="repeats">Repeats in the keys, from 1.</param>
    /// <returns>(B, t, H · h).</returns>
    public Tensor Attend(Tensor queries, Tensor keys, Tensor values, int repeats)
    {
        long t = queries.shape[1], n = keys.shape[1] / repeats;
        // The plain mask is built into the kernel; the newest token alone sees everything; any other has to be given.
        if (window is null && repeats == 1 && t == n) return Attend(queries, keys, values, null, causal: t > 1);
        if (window is null && t == 1) return Attend(queries, keys, values, null, causal: false);
        if (t != n) return Attend(queries, keys, values, Build(n - t, n, n, repeats, queries), causal: false);      // a prompt in pieces

        long groups = Math.Max(1, n / Group);
        if (groups == 1) return Attend(queries, keys, values, Mask(0, n, n, repeats, queries), causal: false);
        long[] ends = [.. Enumerable.Range(1, (int)groups).Select(i => n * i / groups)];
        Tensor[] parts = queries.split([.. ends.Select((end, i) => end - (i == 0 ? 0 : ends[i - 1]))], 1);
        return cat([.. parts.Select((part, i) => Attend(part, keys.narrow(1, 0, ends[i] * repeats), values.narrow(1, 0, ends[i] * repeats),
            Mask(ends[i] - part.shape[1], ends[i], n, repeats, queries), causal: false))], 1);
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

    /// <summary>The mask of queries <paramref name="start"/> … <paramref name="end"/> − 1 of a sequence of <paramref name="length"/> tokens, kept.</summary>
    private Tensor Mask(long start, long end, long length, int repeats, Tensor like)
    {
        (long, ScalarType, string) wanted = (length, like.dtype, like.device.ToString());
        if (_made != wanted) Forget();
        _made = wanted;
        if (!_masks.TryGetValue((start, end, repeats), out Tensor? mask))
            _masks[(start, end, repeats)] = mask = Build(start, end, end, repeats, like).DetachFromDisposeScope();
        return mask;
    }

    /// <summary>(end − start, repeats · n): 0 where a query may look, −∞ elsewhere.</summary>
    private Tensor Build(long start, long end, long n, int repeats, Tensor like)
    {
        using var scope = NewDisposeScope();
        Tensor i = Range(start, end, like.device).unsqueeze(1), j = Range(0, n, like.device).repeat_interleave(repeats).unsqueeze(0);
        return Hide(Hidden(i, j), like).MoveToOuterDisposeScope();
    }

    private Tensor Hidden(Tensor i, Tensor j) => window is { } w ? (j > i).logical_or(j < i.sub(Number(w))) : j > i;

    private static Tensor Hide(Tensor hidden, Tensor like) =>
        zeros(hidden.shape, dtype: like.dtype, device: like.device).masked_fill(hidden, Number(double.NegativeInfinity));

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
