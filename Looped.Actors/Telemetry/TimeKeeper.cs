namespace Looped.Actors.Telemetry;

/// <summary>A worker's <see cref="TimeLedger"/> with a clock: the training thread enters kinds, others read the account.</summary>
/// <param name="time">The clock.</param>
/// <param name="started">Its timestamp when the worker's life began.</param>
public sealed class TimeKeeper(TimeProvider time, long started)
{
    private readonly Lock _gate = new();
    private readonly TimeLedger _ledger = new(TimeSpan.Zero);

    /// <summary>All time up to now.</summary>
    public TimeTotals Totals
    {
        get
        {
            lock (_gate) return _ledger.Totals(time.GetElapsedTime(started));
        }
    }

    /// <summary>The time whose kind is certain.</summary>
    public TimeTotals Decided
    {
        get
        {
            lock (_gate) return _ledger.Decided(time.GetElapsedTime(started));
        }
    }

    /// <summary>From now on the time is of this kind.</summary>
    public void Enter(TimeKind kind)
    {
        lock (_gate) _ledger.Enter(kind, time.GetElapsedTime(started));
    }

    /// <summary>From now on this worker waits for others in a step.</summary>
    public void Exchange()
    {
        lock (_gate) _ledger.Exchange(time.GetElapsedTime(started));
    }

    /// <summary>The worker's part in training is over.</summary>
    public void End()
    {
        lock (_gate) _ledger.End(time.GetElapsedTime(started));
    }

    /// <summary>Productive seconds turn out to be lost.</summary>
    public void Lose(double seconds)
    {
        lock (_gate) _ledger.Lose(seconds);
    }
}
