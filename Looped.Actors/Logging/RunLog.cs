using Looped.Actors.Supervision;
using Looped.Actors.Training;
using Microsoft.Extensions.Logging;

namespace Looped.Actors.Logging;

/// <summary>
/// Every line that a run can log, in one place. Event ids are stable: 1… about the run as its supervisor sees it, 2… about a worker as it sees
/// itself, 3… about steps. Information is quiet: a line for each change of members and one in a while for progress.
/// </summary>
public static partial class RunLog
{
    /// <summary>Logs what happened to a run.</summary>
    public static void Happened(ILogger logger, RunEvent e)
    {
        ArgumentNullException.ThrowIfNull(e);
        string reason = e.Reason ?? "no reason given", worker = e.Worker ?? "";
        switch (e.Event)
        {
            case RunEventKind.Started: Started(logger, e.Term ?? 0); break;
            case RunEventKind.Joined: Joined(logger, worker, e.Step, e.Generation ?? 0, e.WorldSize ?? 0); break;
            case RunEventKind.Left when e.WorldSize > 0: Left(logger, worker, reason, e.Step, e.WorldSize.Value); break;
            case RunEventKind.Left: LastLeft(logger, worker, reason, e.Step); break;
            case RunEventKind.Lost when e.WorldSize > 0: Lost(logger, worker, reason, e.Step, e.WorldSize.Value); break;
            case RunEventKind.Lost: LastLost(logger, worker, reason, e.Step); break;
            case RunEventKind.Generation: Generation(logger, e.Generation ?? 0, e.WorldSize ?? 0, e.Step, reason); break;
            case RunEventKind.Recovered: Recovered(logger, worker, e.Seconds ?? double.NaN, e.Step, e.WorldSize ?? 0); break;
            case RunEventKind.Restored: Restored(logger, e.Step, e.LostSteps ?? 0); break;
            case RunEventKind.Checkpoint: Checkpoint(logger, e.Step, e.Bytes ?? 0, e.Seconds ?? double.NaN); break;
            case RunEventKind.CheckpointFailed: CheckpointFailed(logger, e.Step, reason); break;
            case RunEventKind.Refused: Refused(logger, worker, reason); break;
            case RunEventKind.StopAsked: StopAsked(logger, reason, e.Step); break;
            case RunEventKind.Finished: Finished(logger, e.Step); break;
            case RunEventKind.Interrupted: Interrupted(logger, e.Step, reason); break;
            default: Failed(logger, e.Step, reason); break;
        }
    }

    [LoggerMessage(1001, LogLevel.Information, "a supervisor took the run up, under term {Term}")]
    private static partial void Started(ILogger logger, long term);

    [LoggerMessage(1002, LogLevel.Information, "worker {Worker} joined at step {Step}; generation {Generation} has world size {WorldSize}")]
    private static partial void Joined(ILogger logger, string worker, long step, long generation, int worldSize);

    [LoggerMessage(1003, LogLevel.Information, "worker {Worker} left ({Reason}) at step {Step}; training continues with world size {WorldSize}; 0 steps lost")]
    private static partial void Left(ILogger logger, string worker, string reason, long step, int worldSize);

    [LoggerMessage(1004, LogLevel.Information, "worker {Worker} left ({Reason}) at step {Step}; nobody is left, training waits for a worker")]
    private static partial void LastLeft(ILogger logger, string worker, string reason, long step);

    [LoggerMessage(1005, LogLevel.Warning, "worker {Worker} lost ({Reason}) at step {Step}; training continues with world size {WorldSize}; 0 steps lost")]
    private static partial void Lost(ILogger logger, string worker, string reason, long step, int worldSize);

    [LoggerMessage(1006, LogLevel.Warning, "worker {Worker} lost ({Reason}) at step {Step}; nobody is left, a worker that joins restores the newest checkpoint")]
    private static partial void LastLost(ILogger logger, string worker, string reason, long step);

    [LoggerMessage(1007, LogLevel.Information, "generation {Generation} runs with world size {WorldSize} from step {Step} on ({Reason})")]
    private static partial void Generation(ILogger logger, long generation, int worldSize, long step, string reason);

    [LoggerMessage(1008, LogLevel.Information, "recovered from the loss of {Worker} in {Seconds:0.000} s; step {Step} is committed, world size {WorldSize}")]
    private static partial void Recovered(ILogger logger, string worker, double seconds, long step, int worldSize);

    [LoggerMessage(1009, LogLevel.Warning, "training goes on from the checkpoint of step {Step}; {LostSteps} steps lost")]
    private static partial void Restored(ILogger logger, long step, long lostSteps);

    [LoggerMessage(1010, LogLevel.Information, "checkpoint of step {Step} is durable: {Bytes} bytes in {Seconds:0.000} s beside training")]
    private static partial void Checkpoint(ILogger logger, long step, long bytes, double seconds);

    [LoggerMessage(1011, LogLevel.Error, "the checkpoint of step {Step} could not be written: {Reason} Training goes on; earlier checkpoints are intact")]
    private static partial void CheckpointFailed(ILogger logger, long step, string reason);

    [LoggerMessage(1012, LogLevel.Warning, "worker {Worker} was turned away: {Reason}")]
    private static partial void Refused(ILogger logger, string worker, string reason);

    [LoggerMessage(1013, LogLevel.Information, "asked to stop ({Reason}) at step {Step}: the step in progress is finished and a checkpoint written")]
    private static partial void StopAsked(ILogger logger, string reason, long step);

    [LoggerMessage(1014, LogLevel.Information, "the run is finished after {Step} steps")]
    private static partial void Finished(ILogger logger, long step);

    [LoggerMessage(1015, LogLevel.Information, "the run stopped at step {Step} ({Reason}); the same command goes on")]
    private static partial void Interrupted(ILogger logger, long step, string reason);

    [LoggerMessage(1016, LogLevel.Error, "the run failed at step {Step}: {Reason}")]
    private static partial void Failed(ILogger logger, long step, string reason);

    /// <summary>A line that a person was shown.</summary>
    [LoggerMessage(1020, LogLevel.Debug, "{Note}")]
    public static partial void Note(ILogger logger, string note);

    /// <summary>A warning that a person was shown.</summary>
    [LoggerMessage(1021, LogLevel.Warning, "{Note}")]
    public static partial void Warning(ILogger logger, string note);

    /// <summary>A worker has prepared itself and asks to take part.</summary>
    [LoggerMessage(2001, LogLevel.Information, "worker {Worker} asks to take part; data plane on {Endpoint}")]
    public static partial void Offers(ILogger logger, string worker, string endpoint);

    /// <summary>A generation came up with this worker.</summary>
    [LoggerMessage(2002, LogLevel.Information, "rank {Rank} of {WorldSize} in generation {Generation} from step {Step} on")]
    public static partial void TakesPart(ILogger logger, int rank, int worldSize, long generation, long step);

    /// <summary>This worker's communicator broke.</summary>
    [LoggerMessage(2003, LogLevel.Warning, "generation {Generation} broke at step {Step}; lost: {Lost}; held micro-batches are kept")]
    public static partial void Broke(ILogger logger, long generation, long step, string lost);

    /// <summary>This worker has notice.</summary>
    [LoggerMessage(2004, LogLevel.Information, "{Signal}: {What}")]
    public static partial void Notice(ILogger logger, string signal, string what);

    /// <summary>This worker is through.</summary>
    [LoggerMessage(2005, LogLevel.Information, "through at step {Step}: {Outcome}")]
    public static partial void Through(ILogger logger, long step, string outcome);

    /// <summary>This worker failed.</summary>
    [LoggerMessage(2006, LogLevel.Error, "failed at step {Step}: {Error}")]
    public static partial void WorkerFailed(ILogger logger, long step, string error);

    /// <summary>A step was committed; one in a while is shown to those who do not look at every step.</summary>
    /// <param name="logger">The logger.</param>
    /// <param name="report">The step.</param>
    /// <param name="level">Information once in a while, else debug.</param>
    public static void Step(ILogger logger, StepReport report, LogLevel level)
    {
        ArgumentNullException.ThrowIfNull(report);
        Step(logger, level, report.Step, report.Steps, report.Loss, report.GradientNorm, report.LearningRate, report.TokensPerSecond);
    }

    [LoggerMessage(EventId = 3001, Message = "step {Step} of {Steps}: loss {Loss:0.0000}, norm {GradientNorm:0.000}, rate {LearningRate:0.##e-0}, {TokensPerSecond:0} tokens/s")]
    private static partial void Step(ILogger logger, LogLevel level, long step, long steps, double loss, double gradientNorm, double learningRate, double tokensPerSecond);

    /// <summary>An evaluation is done.</summary>
    [LoggerMessage(3002, LogLevel.Information, "validation at step {Step}: loss {Loss:0.0000}, perplexity {Perplexity:0.00}")]
    public static partial void Evaluated(ILogger logger, long step, double loss, double perplexity);

    /// <summary>An evaluation failed.</summary>
    [LoggerMessage(3003, LogLevel.Warning, "the evaluation of step {Step} failed: {Error}")]
    public static partial void EvaluationFailed(ILogger logger, long step, string error);
}
