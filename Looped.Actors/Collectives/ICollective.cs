using static TorchSharp.torch;

namespace Looped.Actors.Collectives;

/// <summary>How values of several ranks become one.</summary>
public enum ReduceOperation
{
    /// <summary>Addition.</summary>
    Sum,

    /// <summary>The largest.</summary>
    Max,
}

/// <summary>A collective call failed because the communicator was aborted or a peer was lost. Its inputs are untouched.</summary>
public sealed class CollectiveBrokenException(string message, Exception? cause = null) : Models.LoopedException(message, cause)
{
    /// <summary>Ranks whose closed connection or silence was the cause, as far as this rank knows; empty if nobody is to blame.</summary>
    public IReadOnlyList<int> Lost { get; init; } = [];
}

/// <summary>
/// The data plane of one generation: a fixed set of ranks that reduce and broadcast together. Every rank makes the same calls in
/// the same order. A blocked call returns with an error soon after <see cref="Abort"/> or a peer's death; none hangs for ever.
/// </summary>
public interface ICollective : IDisposable
{
    /// <summary>This member, 0 … WorldSize − 1.</summary>
    int Rank { get; }

    /// <summary>Number of members.</summary>
    int WorldSize { get; }

    /// <summary>Combines a tensor over all ranks.</summary>
    /// <param name="input">This rank's values; contiguous; left as it is, because a broken reduction must be repeatable.</param>
    /// <param name="output">Receives the combined values on every rank; same type and length. The input itself only in a world of one.</param>
    /// <param name="operation">How to combine.</param>
    void AllReduce(Tensor input, Tensor output, ReduceOperation operation);

    /// <summary>Copies the root's tensor to every rank.</summary>
    void Broadcast(Tensor buffer, int root);

    /// <summary>Returns when every rank has called it.</summary>
    void Barrier();

    /// <summary>Cancelled as soon as the communicator is known to be unusable: aborted, a peer lost, a connection closed.</summary>
    CancellationToken Broken { get; }

    /// <summary>Ranks whose closed connection or silence broke the communicator, as far as this rank knows; empty while it is whole.</summary>
    IReadOnlyList<int> Lost { get; }

    /// <summary>Tells the peers, through a side channel, that this rank lives and how far it is. Returns at once.</summary>
    /// <param name="microBatches">Micro-batches done so far in this generation.</param>
    /// <param name="pulse">What it is at.</param>
    void Beat(long microBatches, RankPulse pulse);

    /// <summary>Makes every pending and later call fail with <see cref="CollectiveBrokenException"/>, here and soon on every peer. From any thread.</summary>
    void Abort();
}
