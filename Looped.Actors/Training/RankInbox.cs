namespace Looped.Actors.Training;

/// <summary>
/// Where a rank's training thread and the actors around it meet: one immutable state, changed under a lock by pure functions. Lives
/// outside every actor system, so training goes on while the control plane is rebuilt.
/// </summary>
/// <param name="initial">The state at the start.</param>
public sealed class RankInbox(RankState initial)
{
    private readonly object _gate = new();
    private RankState _state = initial;

    /// <summary>Called after a change that a supervisor should hear of, on the thread that changed it.</summary>
    public Action<RankState> Changed { get; set; } = _ => { };

    /// <summary>The state now.</summary>
    public RankState State
    {
        get
        {
            lock (_gate) return _state;
        }
    }

    /// <summary>Changes the state and tells about it.</summary>
    public RankState Update(Func<RankState, RankState> change)
    {
        RankState before, after;
        lock (_gate) (before, after) = Apply(change);
        if (!ReferenceEquals(before, after)) Changed(after);
        return after;
    }

    /// <summary>Changes something that the next heartbeat may tell, such as the step.</summary>
    public void Note(Func<RankState, RankState> change)
    {
        lock (_gate) Apply(change);
    }

    private (RankState Before, RankState After) Apply(Func<RankState, RankState> change)
    {
        RankState before = _state;
        _state = change(before);
        Monitor.PulseAll(_gate);
        return (before, _state);
    }

    /// <summary>Waits until a condition holds.</summary>
    public RankState WaitFor(Func<RankState, bool> condition)
    {
        lock (_gate)
        {
            while (!condition(_state)) Monitor.Wait(_gate);
            return _state;
        }
    }

    /// <summary>Waits until a condition holds, or for so long.</summary>
    public void WaitFor(Func<RankState, bool> condition, TimeSpan atMost)
    {
        long started = System.Diagnostics.Stopwatch.GetTimestamp();
        lock (_gate)
        {
            while (!condition(_state) && atMost - System.Diagnostics.Stopwatch.GetElapsedTime(started) is { Ticks: > 0 } left) Monitor.Wait(_gate, left);
        }
    }

    /// <summary>A token that is cancelled once a condition holds. Dispose the result.</summary>
    public Watch CancelWhen(Func<RankState, bool> condition) => new(this, condition);

    /// <summary>Follows a condition on a thread of its own until disposed.</summary>
    public sealed class Watch : IDisposable
    {
        private readonly RankInbox _inbox;
        private readonly CancellationTokenSource _source = new();
        private readonly Thread _thread;
        private bool _over;

        internal Watch(RankInbox inbox, Func<RankState, bool> condition)
        {
            _inbox = inbox;
            _thread = new Thread(() =>
            {
                inbox.WaitFor(state => Volatile.Read(ref _over) || condition(state));
                if (!Volatile.Read(ref _over)) _source.Cancel();
            })
            { IsBackground = true, Name = "watch" };
            _thread.Start();
        }

        /// <summary>Cancelled once the condition holds.</summary>
        public CancellationToken Token => _source.Token;

        /// <inheritdoc/>
        public void Dispose()
        {
            Volatile.Write(ref _over, true);
            _inbox.Note(state => state);
            _thread.Join();
            _source.Dispose();
        }
    }
}
