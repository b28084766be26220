using Looped.Actors.Supervision;

namespace Looped.Actors.Tests.Simulation;

/// <summary>What SupervisorActor does, over simulated messages: it has the clock, the term and the addresses.</summary>
internal sealed class SimSupervisor : Process
{
    private readonly SimRun _run;
    private readonly TimeSpan _started;
    private readonly HashSet<string> _registered = [];
    private bool _superseded;

    public SimSupervisor(SimRun run, string name) : base(name)
    {
        _run = run;
        _started = run.Scheduler.Now;
        IReadOnlyList<GenerationPlan> plans = run.Storage.Plans();
        State = SupervisorState.Create(run.Options.Settings, run.Storage.ClaimTerm(), plans);
        Tick();
    }

    public SupervisorState State { get; private set; }

    public void Hear(SimWorker worker, WorkerStatus? status)
    {
        if (status is null)
        {
            _registered.Add(worker.Name);
            _run.Send(worker, "WorkerAccepted", worker.Report);
            return;
        }
        if (_superseded) return;
        if (!_registered.Contains(worker.Name)) _run.Send(worker, "PleaseRegister", worker.Register);
        else Decide(new StatusHeard(status, _run.Scheduler.Now - _started));
    }

    public void Hear(GenerationPlan shown) => Decide(new PlanHeard(shown, _run.Scheduler.Now - _started));

    public void AskToStop(string reason) => Decide(new StopAsked(reason, _run.Scheduler.Now - _started));

    private void Tick() => _run.Scheduler.Post(this, TimeSpan.FromMilliseconds(200), "tick", () =>
    {
        Decide(new Ticked(_run.Scheduler.Now - _started));
        if (!_superseded) Tick();
    });

    private void Decide(SupervisorEvent happened)
    {
        if (_superseded) return;
        GenerationPlan? before = State.Next;
        (SupervisorState next, IReadOnlyList<SupervisorCommand> commands) = SupervisorLogic.Decide(State, happened);
        if (commands.OfType<PublishPlan>().Any() && _run.Storage.HighestTerm() > State.Term)
        {
            _superseded = true;
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
