using static TorchSharp.torch;

namespace Looped.Models.Layers;

/// <summary>
/// Keys and values of one layer, kept apart for each repeat: over the repeats of one forward pass, or over the tokens and repeats of
/// a generation. The store owns what it holds.
/// </summary>
internal sealed class KeyValueStore : IDisposable
{
    private readonly List<Tensor> _keys = [], _values = [];

    /// <summary>Adds the newest tokens to a repeat's keys and values.</summary>
    /// <param name="repeat">From 0; at most one more than the highest so far.</param>
    /// <param name="keys">(B, t, H, h).</param>
    /// <param name="values">(B, t, H, h).</param>
    /// <param name="withEarlier">Whether those of the repeats before are wanted too.</param>
    /// <returns>
    /// All keys and values of the repeat, (B, n, H, h) for n tokens so far; with <paramref name="withEarlier"/> of repeats
    /// 0 … <paramref name="repeat"/>, one after the other: first those of repeat 0 in the order of their positions, then of repeat 1 …
    /// </returns>
    public (Tensor Keys, Tensor Values) Append(int repeat, Tensor keys, Tensor values, bool withEarlier)
    {
        Extend(_keys, repeat, keys);
        Extend(_values, repeat, values);
        return withEarlier ? (UpTo(_keys, repeat), UpTo(_values, repeat)) : (_keys[repeat], _values[repeat]);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in _keys.Concat(_values)) tensor.Dispose();
    }

    private static void Extend(List<Tensor> stored, int repeat, Tensor newest)
    {
        if (repeat == stored.Count)
        {
            stored.Add(newest.DetachFromDisposeScope());
            return;
        }
        using Tensor before = stored[repeat];
        using (newest) stored[repeat] = cat([before, newest], 1).DetachFromDisposeScope();
    }

    private static Tensor UpTo(List<Tensor> stored, int repeat) => repeat == 0 ? stored[0] : cat(stored[..(repeat + 1)], 1);
}
