namespace Looped.Actors.Supervision;

/// <summary>
/// Small numbers for workers: what outlives a worker's process (its row in a dashboard, its port) goes by its slot. A newcomer takes the lowest
/// number that nobody has; one that brings a number of its own, such as that of its array task, keeps it. Pure.
/// </summary>
public sealed class WorkerSlots
{
    /// <summary>How long a number is kept for a worker that asked for the run and was not heard since.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromMinutes(1);

    private readonly Dictionary<string, (int Slot, TimeSpan Needed)> _slots = new(StringComparer.Ordinal);

    /// <summary>Gives a worker its slot, the same whenever it asks.</summary>
    /// <param name="worker">Its name.</param>
    /// <param name="own">The number it brings; null if it takes any.</param>
    /// <param name="now">The time.</param>
    /// <param name="lives">Whether a worker is there.</param>
    public int Assign(string worker, int? own, TimeSpan now, Func<string, bool> lives)
    {
        ArgumentNullException.ThrowIfNull(lives);
        if (own is null && _slots.TryGetValue(worker, out var had)) return had.Slot;
        HashSet<int> taken = [.. _slots.Where(s => now < s.Value.Needed || lives(s.Key)).Select(s => s.Value.Slot)];
        int slot = own ?? Enumerable.Range(0, taken.Count + 1).First(k => !taken.Contains(k));
        _slots[worker] = (slot, now + Patience);
        return slot;
    }

    /// <summary>A worker has ended: its number is free at once.</summary>
    public void Release(string worker)
    {
        // A process that was only silent may be back with the number that it has; so it is not forgotten.
        if (_slots.TryGetValue(worker, out var had)) _slots[worker] = had with { Needed = TimeSpan.MinValue };
    }

    /// <summary>The slot of a worker; 0 if it was given none.</summary>
    public int Of(string worker) => _slots.TryGetValue(worker, out var had) ? had.Slot : 0;
}
