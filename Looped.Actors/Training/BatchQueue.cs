using Looped.Models.Data;

namespace Looped.Actors.Training;

/// <summary>
/// Hands micro-batches from the WorkerActor to the training thread, in the order of the assignment. Bounded by the loader's credit.
/// Each assignment has an epoch: what is still under way for an earlier one is not taken.
/// </summary>
public sealed class BatchQueue
{
    private readonly object _gate = new();
    private readonly Queue<MicroBatch> _queue = new();
    private long _epoch;
    private string? _error;

    /// <summary>Micro-batches that wait.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _queue.Count;
        }
    }

    /// <summary>Empties the queue for a new assignment.</summary>
    /// <returns>Its epoch.</returns>
    public long Begin()
    {
        lock (_gate)
        {
            _queue.Clear();
            return ++_epoch;
        }
    }

    /// <summary>Adds a loaded micro-batch.</summary>
    public void Add(MicroBatch batch, long epoch)
    {
        lock (_gate)
        {
            if (epoch != _epoch) return;
            _queue.Enqueue(batch);
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Ends the queue with an error that <see cref="Take"/> throws.</summary>
    public void Fail(string error)
    {
        lock (_gate)
        {
            _error = error;
            Monitor.PulseAll(_gate);
        }
    }

    /// <summary>Waits for the next micro-batch.</summary>
    /// <exception cref="Models.LoopedException">Loading failed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public MicroBatch Take(long step, int index, CancellationToken cancellation)
    {
        using CancellationTokenRegistration wake = cancellation.Register(() =>
        {
            lock (_gate) Monitor.PulseAll(_gate);
        });
        lock (_gate)
        {
            while (_queue.Count == 0)
            {
                if (_error is not null) throw new Models.LoopedException(_error);
                cancellation.ThrowIfCancellationRequested();
                Monitor.Wait(_gate);
            }
            MicroBatch batch = _queue.Dequeue();
            return batch.Step == step && batch.Index == index ? batch
                : throw new InvalidOperationException($"Expected micro-batch {index} of step {step}, got {batch.Index} of {batch.Step}.");
        }
    }
}
