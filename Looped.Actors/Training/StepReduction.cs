using Looped.Actors.Collectives;
using Looped.Models.Optimization;
using static TorchSharp.torch;

namespace Looped.Actors.Training;

/// <summary>
/// Reduces the gradient sums of one step after the other. Where the collective can, pieces that the last micro-batch's backward pass has completed
/// travel while it goes on; which pieces there are and in which order they travel is the same on every rank, whatever it computes.
/// </summary>
internal sealed class StepReduction : IDisposable
{
    private readonly ICollective _collective;
    private readonly Replica _replica;
    private readonly IBucketedCollective? _bucketed;
    private int _sent;

    /// <summary>Prepares reductions of a replica's sums; every rank does so together.</summary>
    /// <param name="collective">The communicator.</param>
    /// <param name="replica">Whose sums.</param>
    /// <param name="overlap">Whether this rank would have pieces travel early; they do if every rank would.</param>
    /// <exception cref="CollectiveBrokenException">The communicator broke.</exception>
    public StepReduction(ICollective collective, Replica replica, bool overlap)
    {
        (_collective, _replica) = (collective, replica);
        int[] against = [overlap && replica.Buckets.Ranges.Count > 1 ? 0 : 1];
        collective.Combine([.. against], against, ReduceOperation.Max);
        bool alone = collective.WorldSize == 1;
        if (against[0] == 0 && !alone) _bucketed = collective as IBucketedCollective;
        Result = alone ? replica.Sums : zeros_like(replica.Sums).DetachFromDisposeScope();
    }

    /// <summary>The reduced sums, once <see cref="Finish"/> has returned; the input stays as it is, so that a broken reduction can be repeated.</summary>
    public Tensor Result { get; }

    /// <summary>What a step's last micro-batch is to tell its completed stages; null if nothing travels early.</summary>
    public Action<int>? Early => _bucketed is null ? null : Send;

    /// <summary>Sends what has not travelled yet and waits for all.</summary>
    /// <exception cref="CollectiveBrokenException">The communicator broke.</exception>
    public void Finish()
    {
        if (_bucketed is null)
        {
            _collective.AllReduce(_replica.Sums, Result, ReduceOperation.Sum);
            return;
        }
        Send(_replica.Buckets.Ranges.Count - 1);
        _bucketed.WaitAll();
        _sent = 0;
    }

    /// <summary>Waits until nothing reads the sums or writes the result any more. Pieces that still travel are given up, and with them the communicator.</summary>
    public void Dispose()
    {
        if (_sent > 0)
        {
            _collective.Abort();
            try
            {
                _bucketed!.WaitAll();
            }
            catch (CollectiveBrokenException)
            {
                // As was asked for.
            }
        }
        if (!ReferenceEquals(Result, _replica.Sums)) Result.Dispose();
    }

    private void Send(int stage)
    {
        for (; _sent <= stage; _sent++)
            foreach (BufferRange range in _replica.Buckets.Ranges[_sent])
            {
                try
                {
                    _bucketed!.Enqueue(_replica.Sums, Result, range.Offset, range.Count, ReduceOperation.Sum);
                }
                catch (CollectiveBrokenException) when (stage < _replica.Buckets.Ranges.Count - 1)
                {
                    // The running micro-batch is finished whatever happens; the last piece will say that the communicator broke.
                }
            }
    }
}
