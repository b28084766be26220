using System.Collections.Concurrent;
using Looped.Models.Data;

namespace Looped.Actors.Training;

/// <summary>Hands micro-batches from the WorkerActor to the training thread, in the order of the assignment. Bounded by the loader's credit.</summary>
public sealed class BatchQueue : IDisposable
{
    private readonly BlockingCollection<MicroBatch> _queue = [];
    private volatile string? _error;

    /// <summary>Adds a loaded micro-batch.</summary>
    public void Add(MicroBatch batch) => _queue.Add(batch);

    /// <summary>Ends the queue with an error that <see cref="Take"/> throws.</summary>
    public void Fail(string error)
    {
        _error = error;
        _queue.CompleteAdding();
    }

    /// <summary>Waits for the next micro-batch.</summary>
    /// <exception cref="Models.LoopedException">Loading failed.</exception>
    public MicroBatch Take(long step, int index, CancellationToken cancellation)
    {
        if (!_queue.TryTake(out MicroBatch? batch, Timeout.Infinite, cancellation))
            throw new Models.LoopedException(_error ?? "The data loader ended early.");
        if (batch.Step != step || batch.Index != index)
            throw new InvalidOperationException($"Expected micro-batch {index} of step {step}, got {batch.Index} of {batch.Step}.");
        return batch;
    }

    /// <inheritdoc/>
    public void Dispose() => _queue.Dispose();
}
