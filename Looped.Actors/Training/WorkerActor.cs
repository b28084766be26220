using Akka.Actor;
using Looped.Actors.Checkpointing;
using Looped.Actors.Collectives;
using Looped.Actors.DataLoading;
using Looped.Actors.Evaluating;
using Looped.Actors.Supervision;
using Looped.Models;
using Looped.Models.Optimization;

namespace Looped.Actors.Training;

/// <summary>
/// One worker: owns the training thread and its data loader, registers, runs the generations it is given.
/// <code>
/// state     message                        does                                                    next state
/// building  (replica ready)                RegisterWorker to the supervisor                         joining
/// joining   GenerationPlanned              starts the loader and the loop                           training
/// joining   RegistrationRefused            WorkerEnded with the reason                              ended
/// training  MicroBatchLoaded               into the thread's queue                                  training
/// training  (micro-batch taken)            GrantCredit to the loader                                training
/// training  (step committed)               StepCommitted to the supervisor                          training
/// training  (snapshot published)           WriteCheckpoint, EvaluateSnapshot                        training
/// training  LeaveAfterStep                 raises the stop flag of the next reduction               training
/// training  (loop ended)                   waits for checkpoints and evaluations under way          ending
/// any       CheckpointWritten …            passes it on to the supervisor                           same
/// ending    (nothing under way)            WorkerEnded to the supervisor                            ended
/// any       (thread failed)                WorkerEnded with the error                               ended
/// </code>
/// </summary>
public sealed class WorkerActor : ReceiveActor
{
    private sealed record ReplicaReady(long Step);

    private sealed record BatchTaken
    {
        public static readonly BatchTaken Instance = new();
    }

    private sealed record SnapshotPublished(long Step, SnapshotPurpose Purpose);

    private sealed record LoopEnded(long Step);

    private sealed record ThreadFailed(string Error);

    private readonly RunEnvironment _environment;
    private readonly IActorRef _supervisor, _checkpoints, _evaluator;
    private readonly BatchQueue _batches = new();
    private readonly CancellationTokenSource _stop = new(), _abandon = new();
    private IActorRef _loader = ActorRefs.Nobody;
    private TrainingThread? _thread;
    private Generation? _generation;
    private int _underWay;
    private long? _loopEnded;
    private bool _ended;

    /// <summary>Creates the actor.</summary>
    /// <param name="environment">The node's run.</param>
    /// <param name="supervisor">Who plans generations.</param>
    /// <param name="checkpoints">Who writes checkpoints.</param>
    /// <param name="evaluator">Who evaluates.</param>
    public WorkerActor(RunEnvironment environment, IActorRef supervisor, IActorRef checkpoints, IActorRef evaluator)
    {
        (_environment, _supervisor, _checkpoints, _evaluator) = (environment, supervisor, checkpoints, evaluator);
        Receive<ReplicaReady>(ready => _supervisor.Tell(new RegisterWorker(environment.Worker, environment.RecipeIdentity,
            environment.DataHash, NumericsFingerprint.Current(environment.Recipe.Training), ready.Step)));
        Receive<RegistrationRefused>(refused => End(0, refused.Reason));
        Receive<GenerationPlanned>(planned => Train(planned.Plan));
        Receive<MicroBatchLoaded>(loaded => _batches.Add(loaded.Batch));
        Receive<LoadingFailed>(failed => _batches.Fail(failed.Error));
        Receive<BatchTaken>(_ => _loader.Tell(new GrantCredit(1)));
        Receive<StepCommitted>(_supervisor.Tell);
        Receive<SnapshotPublished>(Distribute);
        Receive<LeaveAfterStep>(_ => _stop.Cancel());
        Receive<CheckpointWritten>(Report);
        Receive<CheckpointFailed>(Report);
        Receive<EvaluationCompleted>(Report);
        Receive<EvaluationFailed>(Report);
        Receive<LoopEnded>(ended =>
        {
            _loopEnded = ended.Step;
            EndWhenQuiet();
        });
        Receive<ThreadFailed>(failed => End(_loopEnded ?? 0, failed.Error));
    }

    /// <inheritdoc/>
    protected override void PreStart()
    {
        _loader = Context.ActorOf(Props.Create(() => new DataLoaderActor(_environment.Training)).WithDispatcher(Dispatchers.InputOutput), "data-loader");
        IActorRef self = Self;
        RunEnvironment environment = _environment;
        _thread = new TrainingThread(environment.Recipe.Training.Threads,
            () =>
            {
                var replica = new Replica(environment.Recipe, environment.CreateModel());
                if (environment.Restored is { } snapshot) replica.Restore(snapshot);
                self.Tell(new ReplicaReady(replica.Step));
                return replica;
            },
            error => self.Tell(new ThreadFailed(error is LoopedException ? error.Message : error.ToString())));
    }

    private void Train(Generation generation)
    {
        _generation = generation;
        int rank = generation.Members.ToList().IndexOf(_environment.Worker);
        IReadOnlyList<int> mine = generation.Assignment[rank];
        // Two steps ahead hides a slow read without holding much memory.
        _loader.Tell(new StartLoading(_environment.Restored?.Step ?? 0, _environment.Recipe.Training.Steps, mine, 2 * mine.Count));

        var observer = new Observer(_environment, generation, Self);
        CancellationToken stop = _stop.Token, abandon = _abandon.Token;
        IActorRef self = Self;
        _thread!.Post(replica =>
        {
            using var collective = new SoloCollective();
            using var loop = new TrainingLoop(_environment.Recipe, replica, collective, generation, _batches, observer);
            loop.Run(stop, abandon);
            self.Tell(new LoopEnded(replica.Step));
        });
    }

    private void Distribute(SnapshotPublished snapshot)
    {
        _underWay += snapshot.Purpose.Readers;
        if (snapshot.Purpose.Checkpoint) _checkpoints.Tell(new WriteCheckpoint(snapshot.Step, _generation!.Number));
        if (snapshot.Purpose.Evaluate) _evaluator.Tell(new EvaluateSnapshot(snapshot.Step, snapshot.Purpose.Full));
    }

    private void Report(IWireMessage result)
    {
        _supervisor.Tell(result);
        _underWay--;
        EndWhenQuiet();
    }

    private void EndWhenQuiet()
    {
        if (_loopEnded is { } step && _underWay == 0) End(step, null);
    }

    private void End(long step, string? error)
    {
        if (_ended) return;
        _ended = true;
        _supervisor.Tell(new WorkerEnded(_environment.Worker, step, error));
    }

    /// <inheritdoc/>
    protected override void PostStop()
    {
        _abandon.Cancel();
        _thread?.Dispose();
        _batches.Dispose();
        _stop.Dispose();
        _abandon.Dispose();
    }

    /// <summary>Turns what happens on the training thread into messages to the actor.</summary>
    private sealed class Observer(RunEnvironment environment, Generation generation, IActorRef self) : ITrainingObserver
    {
        private long _durable = environment.Restored?.Step ?? -1;
        private StepReport? _last;

        public void BatchTaken() => self.Tell(WorkerActor.BatchTaken.Instance);

        public void Committed(StepReport report)
        {
            _last = report;
            environment.RecordStep(report, generation);
            self.Tell(new StepCommitted(report));
        }

        public void AtRest(Replica replica, bool last)
        {
            SnapshotPurpose purpose = SnapshotSchedule.At(environment.Recipe, replica.Step, _durable, last, environment.EvaluatedSteps.Contains(replica.Step));
            if (purpose.Readers == 0) return;
            environment.Snapshots.Publish(replica.Snapshot() with { Metrics = _last?.Measured() ?? [] }, purpose.Readers);
            if (purpose.Checkpoint) _durable = replica.Step;
            self.Tell(new SnapshotPublished(replica.Step, purpose));
        }
    }
}
