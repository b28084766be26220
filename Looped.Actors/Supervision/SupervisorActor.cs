using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using Akka.Actor;
using Looped.Actors.Checkpointing;
using Looped.Actors.Evaluating;
using Looped.Actors.Training;
using Looped.Models;
using Looped.Models.Optimization;

namespace Looped.Actors.Supervision;

/// <summary>
/// Turns membership into generations, and tells subscribers what happens. What to do is decided by <see cref="SupervisorLogic"/>; this
/// actor has the clock, the term and the addresses. Steps run without it.
/// <code>
/// state        message                        does                                                        next state
/// supervising  AskForRun                      RunDescribed, or a refusal; RunEnded once it is over        supervising
/// supervising  RegisterWorker                 checks version, recipe, data, numerics; accepts or refuses  supervising
/// supervising  WorkerReported                 decides; publishes plans; StatusRead, ShowPlan              supervising
/// supervising  PlanShown                      believes a plan of before its term                          supervising
/// supervising  StopRun                        StopAfterStep to the workers                                supervising
/// supervising  (tick)                         decides; keeps plans that had to wait for room              supervising, superseded
/// any          StepCommitted, Checkpoint…     to the subscribers                                          same
/// any          AskForCluster                  ClusterPicture                                              same
/// supervising  (the last checkpoint is down)  RunEnded to the subscribers and the workers                 ended
/// ended        WorkerReported                 RunEnded to the worker                                      ended
/// superseded   (a higher term exists)         stops planning; the other supervisor carries on             superseded
/// superseded   WorkerReported, after a lease  claims a new term if nobody else has                        supervising
/// </code>
/// </summary>
public sealed class SupervisorActor : ReceiveActor, IWithTimers
{
    private sealed class Tick
    {
        public static readonly Tick Instance = new();
    }

    private readonly SupervisedRun _run;
    private readonly HashSet<IActorRef> _subscribers = [];
    private readonly Dictionary<string, IActorRef> _workers = [];
    private readonly Dictionary<string, string> _devices = [];
    private readonly HashSet<string> _turnedAway = [];
    private WorkerPlace[] _places = [];
    private NumericsFingerprint? _fingerprint;
    private StepReport? _last;
    private long _checkpoint = -1;

    // Of this term.
    private long _started;
    private WorkerSlots _slots;
    private SupervisionRecorder _recorder;
    private SupervisorState _state;
    private Storyteller _story;
    private PlanKeeper _plans;
    private Superseded? _superseded;

    /// <summary>Creates the actor; a term is claimed at once.</summary>
    public SupervisorActor(SupervisedRun run)
    {
        ArgumentNullException.ThrowIfNull(run);
        _run = run;
        try
        {
            Begin();
        }
        catch (LoopedException e)
        {
            run.CannotBegin(e.Message);
            throw;
        }
        Receive<SubscribeToRun>(_ => Subscribe());
        Receive<AskForRun>(Describe);
        Receive<RegisterWorker>(Register);
        Receive<WorkerReported>(reported => Hear(reported.Status));
        Receive<PlanShown>(shown => Decide(new PlanHeard(shown.Plan, Now)));
        Receive<StopRun>(stop =>
        {
            _recorder.Stopped(stop.Reason);
            Decide(new StopAsked(stop.Reason, Now));
        });
        Receive<Tick>(_ =>
        {
            Decide(new Ticked(Now));
            _plans.Retry();
            Place();
        });
        Receive<AskForCluster>(_ => Sender.Tell(Picture()));
        FromWorkers<StepCommitted>(step =>
        {
            _last = step.Report;
            _story.Committed(step, Now);
            _recorder.Committed(step.Report);
            Publish(step);
        });
        FromWorkers<CheckpointWritten>(written =>
        {
            _checkpoint = Math.Max(_checkpoint, written.Step);
            _story.Written(written);
            _recorder.Written(written.Step);
            Publish(written);
        });
        FromWorkers<CheckpointFailed>(failed =>
        {
            _story.Failed(failed);
            Publish(failed);
        });
        FromWorkers<EvaluationCompleted>(Publish);
        FromWorkers<EvaluationFailed>(Publish);
        Receive<RunNote>(Publish);
        Receive<WorkerEnded>(ended =>
        {
            if (run.FailsWithWorker && ended.Error is not null) End(new RunEnded(RunOutcome.Failed, ended.Step, ended.Error));
        });
    }

    /// <summary>What is told before any worker has registered may be another run's: whoever trains that does not know yet whom it tells.</summary>
    private void FromWorkers<T>(Action<T> handle) => Receive<T>(told =>
    {
        if (_workers.Count > 0) handle(told);
    });

    [MemberNotNull(nameof(_slots), nameof(_recorder), nameof(_state), nameof(_story), nameof(_plans))]
    private void Begin()
    {
        _started = Stopwatch.GetTimestamp();
        _workers.Clear();
        _slots = new WorkerSlots();
        _recorder?.Dispose();
        _recorder = new SupervisionRecorder(_run, () => Now);
        // Plans first: whatever was planned before this term was claimed is known.
        IReadOnlyList<GenerationPlan> plans = _run.Memory.Plans();
        _state = SupervisorState.Create(_run.Settings, _run.Memory.ClaimTerm(), plans);
        _fingerprint = _run.Memory.Numerics(_run.RecipeIdentity);
        _superseded = null;
        _story = new Storyteller(_state.Term, _run.Record, text => Publish(new RunNote(text)), TimeProvider.System);
        _story.Started();
        _plans = new PlanKeeper(_run.Memory, text => Publish(new RunNote(text)));
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private TimeSpan Now => Stopwatch.GetElapsedTime(_started);

    /// <inheritdoc/>
    protected override void PreStart() => Timers.StartPeriodicTimer("tick", Tick.Instance, TimeSpan.FromMilliseconds(100));

    private void Subscribe()
    {
        if (_subscribers.Add(Sender) && _places.Length > 0) Sender.Tell(new WorkersChanged(_places, Seed));
        if (_state.Ended is not null) Sender.Tell(_state.Ended);
    }

    private void Publish(object happened)
    {
        foreach (IActorRef subscriber in _subscribers) subscriber.Tell(happened);
    }

    private void Describe(AskForRun ask)
    {
        if (ask.Version != _run.Version)
        {
            Sender.Tell(new RegistrationRefused($"{ask.Worker} runs version {ask.Version} of looped, the seed {_run.Version}; start every node from the same build."));
            return;
        }
        if (_state.Ended is { } ended)
        {
            Sender.Tell(ended);
            return;
        }
        int slot = ask.Trains ? _slots.Assign(ask.Worker, ask.Slot, Now, IsThere) : 0;
        Sender.Tell(new RunDescribed(_run.Recipe, _run.RecipeIdentity, _run.DataHash, _run.RunFolder, [.. Planning.Reachable(_state, Now)], slot, _run.Memory.MarkFor(ask.Worker), DateTime.UtcNow));
    }

    private void Register(RegisterWorker worker)
    {
        if (_run.Refusal(worker, _fingerprint) is { } reason)
        {
            Sender.Tell(new RegistrationRefused(reason));
            if (!_turnedAway.Add(worker.Worker)) return; // it had asked again before the answer came
            _story.Refused(worker.Worker, reason);
            Publish(new RunNote($"turned away: {reason}"));
            return;
        }
        if (_fingerprint is null)
        {
            _fingerprint = worker.Fingerprint;
            _plans.Keep(_run.RecipeIdentity, _fingerprint);
        }
        else if (_fingerprint.Differences(worker.Fingerprint) is { Count: > 0 } differences)
            Publish(new RunNote($"warning: {worker.Worker} computes with other numerics ({string.Join(", ", differences)}): bits are not guaranteed"));
        _workers[worker.Worker] = Sender;
        _devices[worker.Worker] = worker.Fingerprint.Device;
        _slots.Assign(worker.Worker, worker.Slot, Now, IsThere);
        Sender.Tell(new WorkerAccepted(_state.Term));
    }

    private void Hear(WorkerStatus status)
    {
        if (_superseded is not null && !BeginsAnew()) return;
        if (!_workers.ContainsKey(status.Worker))
        {
            Sender.Tell(new PleaseRegister(_run.Memory.Mark, _run.RunFolder));
            return;
        }
        _workers[status.Worker] = Sender;
        Sender.Tell(new StatusRead(status.Sequence));
        _recorder.Heard(_state.Workers.GetValueOrDefault(status.Worker)?.Status, status);
        Decide(new StatusHeard(status, Now));
    }

    /// <summary>Whether the supervisor that took over from this one seems to be gone, though workers are there; then this one has a new term.</summary>
    private bool BeginsAnew()
    {
        _superseded = _superseded!.Look(_run.Memory.HighestTerm(), Now, _run.Settings.Lease);
        if (_superseded is not null) return false;
        Begin();
        Publish(new RunNote($"the supervisor that had taken over is gone; this one carries on with term {_state.Term}"));
        return true;
    }

    private void Decide(SupervisorEvent happened)
    {
        if (_superseded is not null) return;
        GenerationPlan? before = _state.Next;
        (SupervisorState next, IReadOnlyList<SupervisorCommand> commands) = SupervisorLogic.Decide(_state, happened);
        // Only whoever holds the highest term may plan.
        if (commands.OfType<PublishPlan>().Any() && _run.Memory.HighestTerm() is var highest && highest > _state.Term)
        {
            _superseded = new Superseded(highest, Now);
            _recorder.Superseded();
            Publish(new RunNote($"another supervisor has a higher term than this one's {_state.Term}; it carries on"));
            return;
        }
        _story.Decided(_state, next, Now);
        (_state, commands) = _recorder.Follow(_state, next, commands);
        foreach (SupervisorCommand command in commands) Carry(command, before);
    }

    private void Carry(SupervisorCommand command, GenerationPlan? before)
    {
        switch (command)
        {
            case PublishPlan publish:
                _plans.Keep(publish.Plan);
                IEnumerable<string> told = publish.Plan.Generation.Members.Union((_state.Current ?? before)?.Generation.Members ?? []);
                foreach (string worker in told) Tell(worker, new GenerationPlanned(publish.Plan));
                break;
            case AskForPlan ask: Tell(ask.Worker, new ShowPlan()); break;
            case RepeatPlan repeat: Tell(repeat.Worker, new GenerationPlanned(repeat.Plan)); break;
            case AskToStop stop: Tell(stop.Worker, new StopAfterStep(stop.Reason)); break;
            case TellOver over: Tell(over.Worker, over.Ended); break;
            case EndRun end: Publish(Completed(end.Ended)); break;
            case Remark remark: Publish(new RunNote(remark.Text)); break;
        }
    }

    private void End(RunEnded ended)
    {
        if (_state.Ended is not null) return;
        SupervisorState over = _state with { Ended = ended };
        _story.Decided(_state, over, Now);
        _state = over;
        Publish(ended with { Time = _recorder.Time });
    }

    /// <summary>A run that nobody computes any more ended at the last step that was heard of.</summary>
    private RunEnded Completed(RunEnded ended) => ended with { Step = ended.Step > 0 || _last is null ? ended.Step : _last.Step, Time = _recorder.Time };

    private bool IsThere(string worker) => _state.Workers.GetValueOrDefault(worker) is { } view && IsThere(view, Now);

    private bool IsThere(WorkerView worker, TimeSpan now) => worker.Status.Activity != RankActivity.Ended && now - worker.Heard <= _run.Settings.LostAfter;

    private static string Seed => ((ExtendedActorSystem)Context.System).Provider.DefaultAddress.ToString();

    /// <inheritdoc/>
    protected override void PostStop() => _recorder.Dispose();

    /// <summary>Tells the subscribers who is there, when that changed.</summary>
    private void Place()
    {
        TimeSpan now = Now;
        WorkerPlace[] places = [.. _state.Workers.Values.Where(w => IsThere(w, now))
            .Select(w => WorkerPlace.Of(w.Status, _slots.Of(w.Status.Worker)))
            .OrderBy(w => w.Slot)];
        if (places.SequenceEqual(_places)) return;
        foreach (WorkerPlace gone in _places.ExceptBy(places.Select(p => p.Worker), p => p.Worker)) _slots.Release(gone.Worker);
        _places = places;
        Publish(new WorkersChanged(places, Seed));
    }

    private void Tell(string worker, object message)
    {
        if (_workers.TryGetValue(worker, out IActorRef? reference)) reference.Tell(message);
    }

    private ClusterPicture Picture() => new(_run.Name, _run.RunFolder, _state.Term, _state.Current?.Id.ToString(), _last?.Step ?? 0, _run.Steps,
        _last?.Loss, _last?.TokensPerSecond ?? 0, _checkpoint, _state.Ended is { } ended ? Completed(ended) : null,
        [.. _state.Workers.Values.Select(view => WorkerPicture.Of(view, _state.Current, _devices.GetValueOrDefault(view.Status.Worker, ""), Now))], _story.Recent);
}
