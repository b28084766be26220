using Akka.Actor;
using Looped.Actors.Telemetry;
using Looped.Actors.Training;
using Looped.Models;
using Looped.Models.Checkpoints;

namespace Looped.Actors.Evaluating;

/// <summary>
/// Measures the validation loss of snapshots on a thread and a model of its own; training waits only for the copy.
/// <code>
/// state       message                   does                                                     next state
/// idle        EvaluateSnapshot          takes the snapshot, evaluates it on the thread            evaluating
/// evaluating  EvaluateSnapshot          keeps it in line                                          evaluating
/// evaluating  (measured | failed)       EvaluationCompleted | EvaluationFailed to the asker       idle, or evaluating the next
/// </code>
/// </summary>
public sealed class EvaluatorActor : ReceiveActor
{
    private sealed record Done(IActorRef Asker, IWireMessage Reply);

    private readonly RunEnvironment _environment;
    private readonly Queue<(EvaluateSnapshot Request, TrainingSnapshot Snapshot, IActorRef Asker)> _line = new();
    private SnapshotEvaluator? _evaluator;
    private bool _busy;

    /// <summary>Creates the actor.</summary>
    public EvaluatorActor(RunEnvironment environment)
    {
        _environment = environment;
        Receive<EvaluateSnapshot>(request =>
        {
            _line.Enqueue((request, environment.Snapshots.Take(request.Step), Sender));
            Next();
        });
        Receive<Done>(done =>
        {
            done.Asker.Tell(done.Reply is EvaluationCompleted completed ? Record(completed) : done.Reply);
            _busy = false;
            Next();
        });
    }

    /// <summary>Keeps a result; one that cannot be kept is missing, and training goes on.</summary>
    private IWireMessage Record(EvaluationCompleted completed)
    {
        EvaluationReport report = completed.Report;
        try
        {
            _environment.RecordEvaluation(report);
        }
        catch (Exception error) when (error is LoopedException or IOException or UnauthorizedAccessException)
        {
            return new EvaluationFailed(report.Step, $"The evaluation of step {report.Step} (loss {report.Loss:0.0000}) could not be written down: {error.Message}");
        }
        _environment.Instruments.EvaluationLoss.Record(report.Loss, new KeyValuePair<string, object?>(LoopedAttributes.Dataset, "validation"));
        return completed;
    }

    private void Next()
    {
        if (_busy || !_line.TryDequeue(out var next)) return;
        _busy = true;
        _evaluator ??= new SnapshotEvaluator(_environment.Recipe, _environment.CreateModel, _environment.Validation);
        IActorRef self = Self;
        var (request, snapshot, asker) = next;
        _evaluator.Post(snapshot, request.Full,
            (result, seconds) => self.Tell(new Done(asker, new EvaluationCompleted(
                new EvaluationReport(request.Step, result.Loss, result.Perplexity, result.Tokens, request.Full, seconds)))),
            error => self.Tell(new Done(asker, new EvaluationFailed(request.Step, error))));
    }

    /// <inheritdoc/>
    protected override void PostStop() => _evaluator?.Dispose();
}
