namespace Looped.Actors.Tests.Simulation;

/// <summary>A process in the simulation: it can be stopped, woken and killed.</summary>
internal abstract class Process(string name)
{
    public string Name { get; } = name;

    public bool Alive { get; private set; } = true;

    public bool Stopped { get; private set; }

    /// <summary>What would have happened in it while it was stopped.</summary>
    public List<Scheduler.Event> Parked { get; } = [];

    public virtual void Kill() => (Alive, Stopped) = (false, false);

    public void Stop() => Stopped = Alive;

    /// <summary>Goes on; what was parked happens now, in its order.</summary>
    public void Wake(Scheduler scheduler)
    {
        if (!Stopped) return;
        Stopped = false;
        foreach (Scheduler.Event parked in Parked) scheduler.Post(this, TimeSpan.Zero, parked.What, parked.Run);
        Parked.Clear();
    }

    public override string ToString() => Name;
}

/// <summary>Virtual time: events happen one after the other, each at once. Nothing else moves.</summary>
internal sealed class Scheduler(Choices choices)
{
    /// <summary>Something that will happen, in a process or outside of all (null).</summary>
    internal sealed record Event(TimeSpan At, long Order, Process? Owner, string What, Action Run);

    private readonly SortedSet<Event> _pending =
        new(Comparer<Event>.Create((a, b) => a.At != b.At ? a.At.CompareTo(b.At) : a.Order.CompareTo(b.Order)));

    private readonly List<Event> _concurrent = [];
    private long _order;

    public TimeSpan Now { get; private set; }

    /// <summary>Events so far: faults are placed by this count, so that they hit every boundary.</summary>
    public long Count { get; private set; }

    public Action<Event> Happening { get; set; } = _ => { };

    public void Post(Process? owner, TimeSpan delay, string what, Action run) => _pending.Add(new Event(Now + delay, _order++, owner, what, run));

    /// <summary>Lets the next event happen; false if there is none.</summary>
    public bool Step()
    {
        if (_pending.Count == 0) return false;
        Event next = Choose();
        _pending.Remove(next);
        if (next.At > Now) Now = next.At;
        if (next.Owner is { Alive: false }) return true;
        if (next.Owner is { Stopped: true } stopped)
        {
            stopped.Parked.Add(next);
            return true;
        }
        Count++;
        Happening(next);
        next.Run();
        return true;
    }

    private Event Choose()
    {
        Event first = _pending.Min!;
        if (choices.Window == TimeSpan.Zero) return first;
        _concurrent.Clear();
        foreach (Event e in _pending)
        {
            if (e.At > first.At + choices.Window) break;
            // Of one process, what was first comes first: its threads are few, and its messages have an order of their own.
            if (!_concurrent.Exists(c => c.Owner == e.Owner)) _concurrent.Add(e);
        }
        return _concurrent[choices.Next(_concurrent.Count)];
    }
}
