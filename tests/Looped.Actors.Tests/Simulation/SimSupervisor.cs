using Looped.Actors.Supervision;

namespace Looped.Actors.Tests.Simulation;

/// <summary>What SupervisorActor does, over simulated messages: it has the clock, the term and the addresses.</summary>
internal sealed class SimSupervisor : Process
{
    private readonly SimRun _run;
    private TimeSpan _started;
    private readonly HashSet<string> _registered = [];
    private Superseded? _superseded;

    public SimSupervisor(SimRun run, string name) : base(name)
    {
        _run = run;
        State = Begin();
        Tick();
    }

    private SupervisorState Begin()
    {
        _started = _run.Scheduler.Now;
        _registered.Clear();
        IReadOnlyList<GenerationPlan> plans = _run.Storage.Plans();
        return SupervisorState.Create(_run.Options.Settings, _run.Storage.ClaimTerm(), plans);
    }

    private TimeSpan Now => _run.Scheduler.Now - _started;

    public SupervisorState State { get; private set; }

    public void Hear(SimWorker worker, WorkerStatus? status)
    {
        if (status is null)
        {
            _registered.Add(worker.Name);
            _run.Send(worker, "WorkerAccepted", worker.Report);
            return;
        }
        if (_superseded is { } superseded)
        {
            _superseded = superseded.Look(_run.Storage.HighestTerm(), Now, _run.Options.Settings.Lease);
            if (_superseded is not null) return;
            State = Begin();
        }
        if (!_registered.Contains(worker.Name)) _run.Send(worker, "PleaseRegister", worker.Register);
        else Decide(new StatusHeard(status, Now));
    }

    public void Hear(GenerationPlan shown) => Decide(new PlanHeard(shown, Now));

    public void AskToStop(string reason) => Decide(new StopAsked(reason, Now));

    private void Tick() => _run.Scheduler.Post(this, TimeSpan.FromMilliseconds(200), "tick", () =>
    {
        Decide(new Ticked(Now));
        Tick();
    });

    private void Decide(SupervisorEvent happened)
    {
        if (_superseded is not null) return;
        GenerationPlan? before = State.Next;
        (SupervisorState next, IReadOnlyList<SupervisorCommand> commands) = SupervisorLogic.Decide(State, happened);
        if (commands.OfType<PublishPlan>().Any() && _run.Storage.HighestTerm() is var highest && highest > State.Term)
        {
            _superseded = new Superseded(highest, Now);
            return;
        }
        State = next;
        foreach (SupervisorCommand command in commands) Carry(command, before);
    }

    private void Carry(SupervisorCommand command, GenerationPlan? before)
    {
        switch (command)
        {
            case PublishPlan publish:
                _run.Storage.Keep(publish.Plan);
                _run.Count(publish.Plan);
                foreach (string name in publish.Plan.Generation.Members.Union((State.Current ?? before)?.Generation.Members ?? [])) Tell(name, publish.Plan);
                break;
            case AskForPlan ask: Tell(ask.Worker, "ShowPlan", w => w.ShowPlan()); break;
            case RepeatPlan repeat: Tell(repeat.Worker, repeat.Plan); break;
            case AskToStop stop: Tell(stop.Worker, "StopAfterStep", w => w.AskToStop(stop.Reason)); break;
            case TellOver over: Tell(over.Worker, "RunEnded", w => w.Release()); break;
            case EndRun end: _run.Finished(end.Ended); break;
            case Remark remark: _run.Note(Name, remark.Text); break;
        }
    }

    private void Tell(string name, GenerationPlan plan) => Tell(name, $"plan {plan.Id}{(plan.After is { } after ? $" after {after}" : "")}", w => w.Receive(plan));

    private void Tell(string name, string what, Action<SimWorker> deliver)
    {
        if (_registered.Contains(name) && _run.Find(name) is { } worker) _run.Send(worker, what, () => deliver(worker));
    }
}
