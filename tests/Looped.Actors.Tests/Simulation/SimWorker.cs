using Looped.Actors.Supervision;
using Looped.Actors.Training;

namespace Looped.Actors.Tests.Simulation;

/// <summary>
/// A worker process: what WorkerActor does with messages, RankInbox with the state between the threads, and (in the other half)
/// RankRunner, Formation and TrainingLoop on the training thread. Every decision is <see cref="RankLogic"/>'s, as there.
/// </summary>
internal sealed partial class SimWorker : Process
{
    private sealed class Watcher(Func<RankState, bool> condition, Action action)
    {
        public Func<RankState, bool> Condition => condition;

        public Action Action => action;

        public bool Posted { get; set; }

        public bool Over { get; set; }
    }

    private readonly List<Watcher> _watchers = [];
    private readonly List<SimCollective.End> _ends = [];
    private long _sequence;
    private int _underWay;
    private RunOutcome? _outcome;
    private bool _ready, _threadEnded;

    public SimWorker(SimRun run, string name) : base(name)
    {
        Run = run;
        State = new RankState { Worker = name, Endpoint = name };
        run.Scheduler.Post(this, run.Choices.Time(0.05, 2), "replica built", () =>
        {
            _ready = true;
            Register();
            Thread();
        });
        Beat();
    }

    public SimRun Run { get; }

    public Replica Replica { get; } = new();

    public RankState State { get; private set; }

    /// <summary>The last step that it has committed itself.</summary>
    public long LastCommitted { get; set; } = -1;

    public bool Leaving => State.Leaving;

    public override void Kill()
    {
        bool alive = Alive;
        base.Kill();
        if (!alive) return;
        foreach (SimCollective.End end in _ends) Run.CollectiveOf(end.Plan).Died(this);
    }

    public void Freeze()
    {
        Stop();
        foreach (SimCollective.End end in _ends) Run.CollectiveOf(end.Plan).Stopped(this);
    }

    public void Register() => Run.SendToSupervisor(this, null);

    public void Report()
    {
        if (_ready && Alive) Run.SendToSupervisor(this, State.ToStatus(++_sequence));
    }

    public void Receive(GenerationPlan plan) => Update(state => RankLogic.Receive(state, plan));

    public void ShowPlan()
    {
        if (State.InForce is { } plan) Run.SendToSupervisor(this, $"plan of {this}", s => s.Hear(plan));
    }

    public void AskToStop(string reason) => Update(state => state.StopReason is null ? state with { StopReason = reason } : state);

    public void Release() => Update(state => state.Released ? state : state with { Released = true });

    /// <summary>Notice: it leaves at the end of a step, and at once when its grace ends.</summary>
    public void GiveNotice(TimeSpan grace)
    {
        Update(state => state with { Leaving = true });
        Run.Scheduler.Post(this, grace, "grace over", () => Update(state => state with { Hurry = true }));
    }

    private void Beat() => Run.Scheduler.Post(this, TimeSpan.FromMilliseconds(500), "heartbeat", () =>
    {
        Report();
        Beat();
    });

    private void Update(Func<RankState, RankState> change)
    {
        RankState before = State;
        Note(change);
        if (!ReferenceEquals(before, State)) Run.Scheduler.Post(this, TimeSpan.Zero, "changed", Report);
    }

    /// <summary>Changes something that the next heartbeat may tell, and wakes the threads that wait for it.</summary>
    private void Note(Func<RankState, RankState> change)
    {
        State = change(State);
        foreach (Watcher watcher in _watchers.Where(w => !w.Posted && w.Condition(State))) Wake(watcher);
    }

    private void Wake(Watcher watcher)
    {
        watcher.Posted = true;
        Run.Scheduler.Post(this, Run.Choices.Time(0, 0.002), "thread wakes", () =>
        {
            watcher.Posted = false;
            if (watcher.Over || !watcher.Condition(State)) return;
            Forget(watcher);
            watcher.Action();
        });
    }

    private Watcher Watch(Func<RankState, bool> condition, Action action)
    {
        var watcher = new Watcher(condition, action);
        _watchers.Add(watcher);
        if (condition(State)) Wake(watcher);
        return watcher;
    }

    private void Forget(Watcher watcher)
    {
        watcher.Over = true;
        _watchers.Remove(watcher);
    }

    private async Task<RankState> WaitFor(Func<RankState, bool> condition)
    {
        if (condition(State)) return State;
        var wait = new TaskCompletionSource();
        Watch(condition, wait.SetResult);
        await wait.Task;
        return State;
    }

    private Task Busy(TimeSpan time, string what)
    {
        var wait = new TaskCompletionSource();
        Run.Scheduler.Post(this, time, what, wait.SetResult);
        return wait.Task;
    }

    private async void Thread()
    {
        try
        {
            await Live();
            _threadEnded = true;
            EndWhenQuiet();
        }
        catch (SimFailure)
        {
            // The run remembers it.
        }
        catch (Exception e)
        {
            Run.Remember($"{Name}'s thread died of {e}");
        }
    }

    /// <summary>As the observer of the training thread: rank 0 writes a checkpoint when one is due.</summary>
    private void AtRest(bool last)
    {
        if (!_recorder) return;
        long step = Replica.Step;
        bool due = last || (step > 0 && step % Run.Options.CheckpointEvery == 0);
        if (!due || _durable >= step) return;
        _durable = step;
        _underWay++;
        ulong state = Replica.State;
        Run.Scheduler.Post(this, Run.Choices.Time(0.02, 1), $"checkpoint {step}", () =>
        {
            Run.Storage.Write(step, state);
            _underWay--;
            EndWhenQuiet();
        });
    }

    private void Ended(RunOutcome outcome)
    {
        _outcome = outcome;
        EndWhenQuiet();
    }

    private void EndWhenQuiet()
    {
        if (_outcome is not { } outcome || _underWay > 0) return;
        if (State.Outcome != outcome) Update(state => state with { Outcome = outcome });
        if (!_threadEnded) return;
        Report();
        // The process exits; its last status may still be on its way.
        Run.Scheduler.Post(this, TimeSpan.FromMilliseconds(10), "exit", Kill);
    }
}
