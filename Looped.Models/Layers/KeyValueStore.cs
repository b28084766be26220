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
    /// <param name="earlier">Whether those of the repeats before are wanted too, and in which order.</param>
    /// <returns>All keys and values of the repeat, (B, n, H, h) for n tokens so far, or of repeats 0 … <paramref name="repeat"/>, (B, S, H, h).</returns>
    public (Tensor Keys, Tensor Values) Append(int repeat, Tensor keys, Tensor values, EarlierRepeats earlier = EarlierRepeats.None)
    {
        Extend(_keys, repeat, keys);
        Extend(_values, repeat, values);
        return (UpTo(_keys, repeat, earlier), UpTo(_values, repeat, earlier));
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

    private static Tensor UpTo(List<Tensor> stored, int repeat, EarlierRepeats earlier) => earlier switch
    {
        _ when repeat == 0 => stored[0],
        EarlierRepeats.ByPosition => stack(stored[..(repeat + 1)], 2).flatten(1, 2),
        EarlierRepeats.ByRepeat => cat(stored[..(repeat + 1)], 1),
        _ => stored[repeat],
    };
}

/// <summary>Which of the repeats before the newest a store gives.</summary>
internal enum EarlierRepeats
{
    /// <summary>None of them.</summary>
    None,

    /// <summary>All: first every token of repeat 0 in the order of the positions, then of repeat 1 …; repeats may hold different tokens.</summary>
    ByRepeat,

    /// <summary>All: first the token at position 0 of each repeat, then at position 1 …; every repeat holds the same tokens.</summary>
    ByPosition,
}
