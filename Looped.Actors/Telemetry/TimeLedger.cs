namespace Looped.Actors.Telemetry;

/// <summary>What a wall second is spent on; see <see cref="TimeTotals"/>.</summary>
public enum TimeKind
{
    /// <summary>Steps.</summary>
    Productive,

    /// <summary>Before a worker can take part.</summary>
    Startup,

    /// <summary>Waiting for data.</summary>
    DataWait,

    /// <summary>Waiting for a snapshot to be copied.</summary>
    CheckpointStall,

    /// <summary>From a loss to the first step after it, and changes of members.</summary>
    Recovery,

    /// <summary>Ready, with nothing to do.</summary>
    Idle,
}

/// <summary>
/// The time account of one worker. It is always in exactly one kind, so the parts add up to the time lived. Pure: the time is told.
/// <para>
/// Waiting for the other ranks is decided afterwards: it belongs to the step if the reduction completes, and to the recovery if
/// it turns out that a peer was lost.
/// </para>
/// </summary>
/// <param name="start">When the worker's life began.</param>
public sealed class TimeLedger(TimeSpan start)
{
    private readonly double[] _seconds = new double[6];
    private TimeSpan _since = start;
    private TimeKind _kind = TimeKind.Startup;
    private bool _undecided, _over;
    private double _lost;

    /// <summary>From now on the time is of this kind.</summary>
    public void Enter(TimeKind kind, TimeSpan now)
    {
        TimeKind closed = _undecided && kind == TimeKind.Recovery ? kind : _kind;
        // A clock that steps back adds nothing.
        if (now > _since) (_seconds[(int)closed], _since) = (_seconds[(int)closed] + (_over ? 0 : (now - _since).TotalSeconds), now);
        (_kind, _undecided, _over) = (kind, false, false);
    }

    /// <summary>The worker's part in training is over; what is evaluated and written afterwards is on nobody's account, unless it enters a kind again.</summary>
    public void End(TimeSpan now)
    {
        Enter(_kind, now);
        _over = true;
    }

    /// <summary>From now on this worker waits for others in a step: productive, unless the next kind entered is <see cref="TimeKind.Recovery"/>.</summary>
    public void Exchange(TimeSpan now)
    {
        Enter(TimeKind.Productive, now);
        _undecided = true;
    }

    /// <summary>Productive seconds turn out to be lost.</summary>
    public void Lose(double seconds) => _lost += seconds;

    /// <summary>All time up to now; what is not decided yet counts as productive.</summary>
    public TimeTotals Totals(TimeSpan now) => Describe(now > _since && !_over ? (now - _since).TotalSeconds : 0);

    /// <summary>The time whose kind is certain: no part of it ever becomes less.</summary>
    public TimeTotals Decided(TimeSpan now) => _undecided ? Describe(0) : Totals(now);

    private TimeTotals Describe(double open)
    {
        double Of(TimeKind kind) => _seconds[(int)kind] + (kind == _kind ? open : 0);
        return new TimeTotals
        {
            Productive = Of(TimeKind.Productive),
            Startup = Of(TimeKind.Startup),
            DataWait = Of(TimeKind.DataWait),
            CheckpointStall = Of(TimeKind.CheckpointStall),
            Recovery = Of(TimeKind.Recovery),
            Idle = Of(TimeKind.Idle),
            LostWork = _lost,
        };
    }
}
