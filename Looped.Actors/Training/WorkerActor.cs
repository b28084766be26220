using Akka.Actor;
using Looped.Actors.Checkpointing;
using Looped.Actors.DataLoading;
using Looped.Actors.Evaluating;
using Looped.Actors.Supervision;
using Looped.Models;
using Looped.Models.Optimization;

namespace Looped.Actors.Training;

/// <summary>
/// One worker: owns the training thread and its data loader, and speaks for them with the supervisor. It sends its whole status at every
/// change and at every heartbeat; the thread finds what the supervisor says in its <see cref="RankInbox"/>.
/// <code>
/// state     message                      does                                                     next state
/// building  (replica ready and tried)    RegisterWorker                                           active
/// active    WorkerAccepted               WorkerReported                                           active
/// active    PleaseRegister               RegisterWorker                                           active
/// any       RegistrationRefused          releases the thread                                      ending
/// active    GenerationPlanned            into the inbox                                           active
/// active    ShowPlan                     PlanShown                                                active
/// active    StopAfterStep, LeaveNotice   into the inbox                                           active
/// active    RunEnded                     releases the thread                                      ending
/// active    (a generation began)         StartLoading to the loader                               active
/// active    MicroBatchLoaded             into the thread's queue                                  active
/// active    (micro-batch taken)          GrantCredit to the loader                                active
/// active    (step committed)             StepCommitted to the supervisor                          active
/// active    (snapshot published)         WriteCheckpoint, EvaluateSnapshot                        active
/// active    (heartbeat)                  WorkerReported                                           active
/// any       CheckpointWritten …          to the supervisor                                        same
/// ending    (nothing under way)          reports its outcome; WorkerEnded when the thread ended   ended
/// any       (thread failed)              WorkerEnded with the error                               ended
/// </code>
/// </summary>
public sealed class WorkerActor : ReceiveActor, IWithTimers
{
    private sealed class Heartbeat
    {
        public static readonly Heartbeat Instance = new();
    }

    private readonly RunEnvironment _environment;
    private readonly IGenerationNetwork _network;
    private readonly RankInbox _inbox;
    private readonly IActorRef _supervisor, _checkpoints, _evaluator;
    private readonly BatchQueue _batches = new();
    private readonly RankTelemetry _telemetry;
    private IActorRef _loader = ActorRefs.Nobody;
    private TrainingThread? _thread;
    private long _sequence;
    private int _underWay;
    private RunOutcome? _outcome;
    private long _step, _term;
    private bool _threadEnded, _ended, _ready;
    private string? _refused, _trial, _lastFailed;

    /// <summary>Creates the actor.</summary>
    /// <param name="environment">The node's run.</param>
    /// <param name="network">How the ranks of a generation connect.</param>
    /// <param name="supervisor">Who plans generations, or the link to it.</param>
    /// <param name="checkpoints">Who writes checkpoints.</param>
    /// <param name="evaluator">Who evaluates.</param>
    public WorkerActor(RunEnvironment environment, IGenerationNetwork network, IActorRef supervisor, IActorRef checkpoints, IActorRef evaluator)
    {
        (_environment, _network, _supervisor, _checkpoints, _evaluator) = (environment, network, supervisor, checkpoints, evaluator);
        _telemetry = new RankTelemetry(environment, _batches);
        _inbox = new RankInbox(new RankState { Worker = environment.Worker, Endpoint = network.Endpoint });
        ReceiveFromSupervisor();
        ReceiveFromThread();
        Receive<Heartbeat>(_ => Report());
        Receive<MicroBatchLoaded>(loaded => _batches.Add(loaded.Batch, loaded.Epoch));
        Receive<LoadingFailed>(failed => _batches.Fail(failed.Error));
        Receive<Terminated>(_ => _batches.Fail("The data loader stopped unexpectedly; the log has its error."));
        Receive<CheckpointWritten>(Done);
        Receive<CheckpointFailed>(Done);
        Receive<EvaluationCompleted>(Done);
        Receive<EvaluationFailed>(Done);
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private void ReceiveFromSupervisor()
    {
        Receive<PleaseRegister>(_ => Register());
        Receive<WorkerAccepted>(accepted =>
        {
            _term = Math.Max(_term, accepted.Term);
            Report();
        });
        Receive<StatusRead>(_ => { });
        Receive<RegistrationRefused>(refused =>
        {
            _refused = refused.Reason;
            _inbox.Update(state => state with { Released = true });
        });
        Receive<GenerationPlanned>(planned =>
        {
            if (planned.Plan.Id < _inbox.State.InForce?.Id) _telemetry.Instruments.StaleMessages.Add(1);
            _inbox.Update(state => RankLogic.Receive(state, planned.Plan));
        });
        Receive<ShowPlan>(_ =>
        {
            if (_inbox.State.InForce is { } plan) _supervisor.Tell(new PlanShown(plan));
        });
        Receive<StopAfterStep>(stop => _inbox.Update(state => state.StopReason is null ? state with { StopReason = stop.Reason } : state));
        Receive<LeaveNotice>(notice =>
        {
            _telemetry.Notice(notice);
            _inbox.Update(state => state with { Leaving = true, Hurry = state.Hurry || notice.Hurry, Notice = state.Notice ?? notice.Signal });
        });
        Receive<RunEnded>(over => _inbox.Update(state => state.Released ? state : state with { Released = true }));
    }

    private void ReceiveFromThread()
    {
        Receive<ThreadMessages.Ready>(ready =>
        {
            (_ready, _trial) = (true, ready.Trial);
            Register();
        });
        Receive<ThreadMessages.Changed>(_ => Report());
        Receive<StartLoading>(start => _loader.Tell(start));
        Receive<ThreadMessages.Taken>(_ => _loader.Tell(new GrantCredit(1)));
        Receive<StepCommitted>(_supervisor.Tell);
        Receive<RunNote>(_supervisor.Tell);
        Receive<ThreadMessages.Published>(Distribute);
        Receive<ThreadMessages.Ended>(ended =>
        {
            (_outcome, _step) = (ended.Outcome, ended.Step);
            EndWhenQuiet();
        });
        Receive<ThreadMessages.Through>(_ =>
        {
            _threadEnded = true;
            EndWhenQuiet();
        });
        Receive<ThreadMessages.Failed>(failed =>
        {
            _inbox.Update(state => state with { Activity = RankActivity.Ended, Outcome = RunOutcome.Failed, Error = failed.Error });
            Report();
            End(RunOutcome.Failed, _inbox.State.Step, failed.Error);
        });
    }

    /// <inheritdoc/>
    protected override void PreStart()
    {
        _loader = Context.ActorOf(Props.Create(() => new DataLoaderActor(_environment.Training)).WithDispatcher(Dispatchers.InputOutput), "data-loader");
        Context.Watch(_loader);
        IActorRef self = Self;
        RunEnvironment environment = _environment;
        RankInbox inbox = _inbox;
        inbox.Changed = _ => self.Tell(ThreadMessages.Changed.Instance);
        var runner = new RankRunner(environment, _network, inbox, _batches, new ThreadMessages.Observer(environment, inbox, self), _telemetry);
        _thread = new TrainingThread(environment.Recipe.Training.Threads,
            () => new Replica(environment.Recipe, environment.CreateModel()),
            error => self.Tell(new ThreadMessages.Failed(error is LoopedException ? error.Message : error.ToString())));
        _thread.Post(replica =>
        {
            // Proof that this worker can compute, and how, before anybody is disturbed.
            string? trial = environment.Rehearse ? replica.Try(environment.Training.Load(replica.Step, 0)) : null;
            self.Tell(new ThreadMessages.Ready(trial));
            runner.Run(replica);
            self.Tell(ThreadMessages.Through.Instance);
        });
        Timers.StartPeriodicTimer("heartbeat", Heartbeat.Instance, environment.Timeouts.Heartbeat);
    }

    /// <inheritdoc/>
    /// <remarks>A loader that is started again would know nothing of its plan, and the thread wait for ever.</remarks>
    protected override SupervisorStrategy SupervisorStrategy() => Akka.Actor.SupervisorStrategy.StoppingStrategy;

    private void Register() => _supervisor.Tell(new RegisterWorker(_environment.Worker, _environment.Version, _environment.RecipeIdentity,
        _environment.DataHash, NumericsFingerprint.Current(_environment.Recipe.Training) with { Trial = _trial }, _environment.Slot));

    private void Report()
    {
        if (_ready && !_ended) _supervisor.Tell(new WorkerReported(_inbox.State.ToStatus(++_sequence) with { Time = _telemetry.Time.Totals }));
    }

    private void Distribute(ThreadMessages.Published snapshot)
    {
        _underWay += snapshot.Purpose.Readers;
        if (snapshot.Purpose.Checkpoint)
            _checkpoints.Tell(new WriteCheckpoint(snapshot.Step, snapshot.Generation, snapshot.StallSeconds, _inbox.State.InForce?.Trace,
                Math.Max(_term, _inbox.State.Term), snapshot.Last));
        if (snapshot.Purpose.Evaluate) _evaluator.Tell(new EvaluateSnapshot(snapshot.Step, snapshot.Purpose.Full));
    }

    private void Done(IWireMessage result)
    {
        _supervisor.Tell(result);
        if (_environment.Remark() is { } remark) _supervisor.Tell(new RunNote($"{_environment.Worker}: {remark}"));
        if (result is CheckpointFailed { Last: true } failed) _lastFailed = failed.Error;
        _underWay--;
        EndWhenQuiet();
    }

    private void EndWhenQuiet()
    {
        if (_outcome is not { } outcome || _underWay > 0) return;
        if (_lastFailed is { } error && !_threadEnded)
        {
            // The thread waits for this, and gives up; another rank may have a disk with room. One that leaves on notice does not wait.
            if (_inbox.State.Error is null) _inbox.Update(state => state with { Outcome = RunOutcome.Failed, Error = error });
            return;
        }
        if (_inbox.State.Outcome != outcome) _inbox.Update(state => state with { Outcome = outcome });
        if (!_threadEnded) return;
        Report();
        End(outcome, _step, _refused);
    }

    private void End(RunOutcome outcome, long step, string? error)
    {
        if (_ended) return;
        _ended = true;
        _telemetry.End(_inbox.State.InForce);
        _supervisor.Tell(new WorkerEnded(_environment.Worker, error is null ? outcome : RunOutcome.Failed, step, error));
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _inbox.Changed = _ => { };
        _inbox.Update(state => state with { Released = true, Hurry = true });
        _batches.Fail("The worker was stopped.");
        _thread?.Dispose();
        _telemetry.Dispose();
    }
}
