using static TorchSharp.torch;

namespace Looped.Actors.Collectives;

/// <summary>
/// Collectives over small managed arrays, under names of their own: TorchSharp turns an array into a tensor where one is expected, and the
/// result would go into that copy.
/// </summary>
public static class CollectiveArrays
{
    /// <summary>Combines an array over all ranks.</summary>
    /// <param name="collective">The communicator.</param>
    /// <param name="mine">This rank's values; not changed.</param>
    /// <param name="all">Receives the combined values.</param>
    /// <param name="operation">How to combine.</param>
    public static void Combine<T>(this ICollective collective, T[] mine, T[] all, ReduceOperation operation) where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(collective);
        ArgumentNullException.ThrowIfNull(mine);
        if (collective.WorldSize == 1)
        {
            mine.CopyTo(all, 0);
            return;
        }
        using var scope = NewDisposeScope();
        Tensor input = from_array(mine), output = zeros_like(input);
        collective.AllReduce(input, output, operation);
        output.data<T>().CopyTo(all);
    }

    /// <summary>Every rank's numbers, rank after rank.</summary>
    public static long[][] AllGather(this ICollective collective, long[] mine)
    {
        ArgumentNullException.ThrowIfNull(collective);
        ArgumentNullException.ThrowIfNull(mine);
        long[] slots = new long[mine.Length * collective.WorldSize], all = new long[slots.Length];
        mine.CopyTo(slots, mine.Length * collective.Rank);
        collective.Combine(slots, all, ReduceOperation.Sum);
        return [.. all.Chunk(mine.Length)];
    }

    /// <summary>Copies the root's bytes to every rank; the others pass null.</summary>
    public static byte[] BroadcastBytes(this ICollective collective, byte[]? bytes, int root)
    {
        ArgumentNullException.ThrowIfNull(collective);
        if (collective.WorldSize == 1) return bytes!;
        using var scope = NewDisposeScope();
        Tensor length = tensor(new long[] { bytes?.Length ?? 0 }, dtype: ScalarType.Int64).clone();
        collective.Broadcast(length, root);
        int count = checked((int)length.item<long>());
        Tensor words = zeros((count + 7) / 8, dtype: ScalarType.Int64);
        if (collective.Rank == root) bytes!.CopyTo(words.bytes);
        collective.Broadcast(words, root);
        return words.bytes[..count].ToArray();
    }
}
