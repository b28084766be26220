using Akka.Actor;
using Looped.Actors.Checkpointing;
using Looped.Actors.Evaluating;
using Looped.Models.Optimization;

namespace Looped.Actors.Supervision;

/// <summary>
/// Turns membership into generations, and tells subscribers what happens. It plans; the steps run without it.
/// <code>
/// state    message                          does                                                       next state
/// waiting  RegisterWorker                   checks recipe, data, numerics; refuses, or plans            running
/// waiting  StopRun                          RunEnded(interrupted)                                       ended
/// running  RegisterWorker                   refuses: this build runs one worker                         running
/// running  StepCommitted, notes, reports    passes them on to subscribers                               running
/// running  StopRun                          LeaveAfterStep to every worker                              draining
/// running  WorkerEnded                      RunEnded                                                    ended
/// draining StepCommitted, notes, reports    passes them on                                              draining
/// draining WorkerEnded                      RunEnded                                                    ended
/// any      SubscribeToRun                   remembers the sender; if ended, tells it at once            same
/// </code>
/// </summary>
public sealed class SupervisorActor : ReceiveActor
{
    private readonly RunEnvironment _environment;
    private readonly HashSet<IActorRef> _subscribers = [];
    private IActorRef? _worker;
    private string? _stopReason;
    private RunEnded? _ended;

    /// <summary>Creates the actor.</summary>
    public SupervisorActor(RunEnvironment environment)
    {
        _environment = environment;
        Receive<SubscribeToRun>(_ => Subscribe());
        Receive<RegisterWorker>(Register);
        Receive<StopRun>(Stop);
        Receive<StepCommitted>(Publish);
        Receive<CheckpointWritten>(Publish);
        Receive<CheckpointFailed>(Publish);
        Receive<EvaluationCompleted>(Publish);
        Receive<EvaluationFailed>(Publish);
        Receive<RunNote>(Publish);
        Receive<WorkerEnded>(End);
    }

    private void Subscribe()
    {
        _subscribers.Add(Sender);
        if (_ended is not null) Sender.Tell(_ended);
    }

    private void Publish(object happened)
    {
        foreach (IActorRef subscriber in _subscribers) subscriber.Tell(happened);
    }

    private void Register(RegisterWorker worker)
    {
        if (Refusal(worker) is { } reason)
        {
            Sender.Tell(new RegistrationRefused(reason));
            return;
        }
        _worker = Sender;
        Sender.Tell(new GenerationPlanned(Generation.Even(term: 1, number: 1, [worker.Worker], _environment.Recipe.Batch.MicroBatches())));
    }

    private string? Refusal(RegisterWorker worker)
    {
        if (_ended is not null) return "The run has ended.";
        if (_worker is not null) return "The run already has its worker.";
        if (worker.RecipeIdentity != _environment.RecipeIdentity)
            return $"{worker.Worker} has another recipe; start it with the run's own (recipe.yaml in the run folder).";
        if (worker.DataHash != _environment.DataHash)
            return $"{worker.Worker} has another data set; give it the same files.";
        if (NumericsFingerprint.Current(_environment.Recipe.Training).Differences(worker.Fingerprint) is { Count: > 0 } differences)
            return $"{worker.Worker} computes with other numerics than the run ({string.Join(", ", differences)}), so its bits would differ; use equal machines and settings.";
        return null;
    }

    private void Stop(StopRun stop)
    {
        if (_ended is not null) return;
        _stopReason ??= stop.Reason;
        if (_worker is null) Finish(new RunEnded(RunOutcome.Interrupted, _environment.Restored?.Step ?? 0, stop.Reason));
        else _worker.Tell(new LeaveAfterStep(stop.Reason));
    }

    private void End(WorkerEnded worker) => Finish(
        worker.Error is not null ? new RunEnded(RunOutcome.Failed, worker.Step, worker.Error)
        : worker.Step >= _environment.Recipe.Training.Steps ? new RunEnded(RunOutcome.Finished, worker.Step, null)
        : new RunEnded(RunOutcome.Interrupted, worker.Step, _stopReason));

    private void Finish(RunEnded ended)
    {
        _ended = ended;
        Publish(ended);
    }
}
