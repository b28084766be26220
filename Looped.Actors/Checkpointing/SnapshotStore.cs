using System.Collections.Concurrent;
using Looped.Models.Checkpoints;

namespace Looped.Actors.Checkpointing;

/// <summary>
/// Snapshots on their way from the training thread to those who read them in the same process. Messages name a step; the tensors
/// stay here, and a snapshot is forgotten when its last reader has taken it.
/// </summary>
public sealed class SnapshotStore
{
    private sealed class Entry(TrainingSnapshot snapshot, int readers)
    {
        public TrainingSnapshot Snapshot { get; } = snapshot;
        public int Readers = readers;
    }

    private readonly ConcurrentDictionary<long, Entry> _entries = new();

    /// <summary>Number of snapshots held.</summary>
    public int Count => _entries.Count;

    /// <summary>Publishes a snapshot under its step.</summary>
    /// <param name="snapshot">The copy.</param>
    /// <param name="readers">How many times it will be taken.</param>
    public void Publish(TrainingSnapshot snapshot, int readers)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        _entries[snapshot.Step] = new Entry(snapshot, readers);
    }

    /// <summary>Takes a snapshot, once per reader.</summary>
    /// <exception cref="InvalidOperationException">Nothing was published under this step, or every reader already took it.</exception>
    public TrainingSnapshot Take(long step)
    {
        if (!_entries.TryGetValue(step, out Entry? entry)) throw new InvalidOperationException($"There is no snapshot of step {step}.");
        if (Interlocked.Decrement(ref entry.Readers) == 0) _entries.TryRemove(step, out _);
        return entry.Snapshot;
    }
}
