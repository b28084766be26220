using Looped.Actors.Supervision;

namespace Looped.Actors.Tests.Rules;

/// <summary>A supervisor's logic and the workers that talk to it, one sentence a line.</summary>
internal sealed class TalkingWorkers
{
    private readonly Dictionary<string, WorkerStatus> _last = [];
    private readonly List<SupervisorCommand> _commands = [];

    public TalkingWorkers(int microBatches = 4, int expected = 2, long term = 1, params GenerationPlan[] known) =>
        State = SupervisorState.Create(new SupervisorSettings { MicroBatches = microBatches, ExpectedWorkers = expected }, term, known);

    public SupervisorState State { get; private set; }

    public TimeSpan Now { get; private set; }

    /// <summary>Called after every event with the states before and after it.</summary>
    public event Action<SupervisorState, SupervisorState, TimeSpan> Decided = (_, _, _) => { };

    public SupervisorSettings Settings => State.Settings;

    /// <summary>Commands of the last event.</summary>
    public IReadOnlyList<SupervisorCommand> Commands => _commands;

    /// <summary>The generation that is to follow, if one is planned.</summary>
    public GenerationPlan? Plan => State.Next;

    /// <summary>A worker says how it is now; what is not said is as before.</summary>
    public TalkingWorkers Says(string worker, Func<WorkerStatus, WorkerStatus> how)
    {
        WorkerStatus before = _last.GetValueOrDefault(worker) ?? new WorkerStatus { Worker = worker, Endpoint = worker, Activity = RankActivity.Idle };
        WorkerStatus status = how(before);
        _last[worker] = status = status.Sequence == before.Sequence ? status with { Sequence = before.Sequence + 1 } : status;
        return Happens(new StatusHeard(status, Now));
    }

    public TalkingWorkers Idle(params string[] workers) => Each(workers, s => s with { Activity = RankActivity.Idle });

    public TalkingWorkers Runs(GenerationPlan plan, params string[] workers) =>
        Each(workers, s => s with { Activity = RankActivity.Running, InForce = plan.Id, Seen = plan.Id, HasState = true, Lost = [], StateHash = null, Held = [] });

    public TalkingWorkers Rests(string worker, long step = 3, string hash = "h3", int[]? held = null, string[]? lost = null) =>
        Says(worker, s => s with { Activity = RankActivity.Idle, HasState = true, Step = step, StateHash = hash, Held = held ?? [], Lost = lost ?? [] });

    public TalkingWorkers After(double seconds)
    {
        Now += TimeSpan.FromSeconds(seconds);
        return Happens(new Ticked(Now));
    }

    /// <summary>Time passes, and these workers go on saying what they said last.</summary>
    public TalkingWorkers AfterHearing(double seconds, params string[] workers)
    {
        Now += TimeSpan.FromSeconds(seconds);
        return Each(workers, s => s).After(0);
    }

    public TalkingWorkers Happens(SupervisorEvent happened)
    {
        SupervisorState before = State;
        (State, IReadOnlyList<SupervisorCommand> commands) = SupervisorLogic.Decide(State, happened);
        _commands.Clear();
        _commands.AddRange(commands);
        Decided(before, State, Now);
        return this;
    }

    /// <summary>These workers run the first generation.</summary>
    public static TalkingWorkers Running(int microBatches, params string[] workers)
    {
        var talk = new TalkingWorkers(microBatches, workers.Length);
        talk.Idle(workers);
        GenerationPlan plan = talk.State.Next!;
        // Past the time in which a supervisor that just started waits for workers to find it.
        return talk.Runs(plan, workers).AfterHearing(1.2 * talk.Settings.Reattach.TotalSeconds, workers);
    }

    private TalkingWorkers Each(string[] workers, Func<WorkerStatus, WorkerStatus> how)
    {
        foreach (string worker in workers) Says(worker, how);
        return this;
    }
}
