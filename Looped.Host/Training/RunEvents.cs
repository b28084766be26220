using System.Diagnostics;
using Looped.Actors.Checkpointing;
using Looped.Actors.Evaluating;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Actors.Telemetry;
using Looped.Actors.Training;
using Looped.Host.Progress;

namespace Looped.Host.Training;

/// <summary>What a process that answers for a run does with the run's events and its end, whether it trains itself or not.</summary>
internal static class RunEvents
{
    /// <summary>Shows an event to a person.</summary>
    public static void Show(ITrainingDisplay display, object happened)
    {
        switch (happened)
        {
            case StepCommitted step: display.Step(step.Report); break;
            case EvaluationCompleted evaluation: display.Evaluated(evaluation.Report); break;
            case CheckpointWritten { MovedAside: { } aside } written:
                display.Note($"The checkpoint of step {written.Step} that was there is damaged; it was moved to {aside} and written again.");
                break;
            case CheckpointFailed failed: display.Note($"warning: {failed.Error} Training goes on; earlier checkpoints are intact."); break;
            case EvaluationFailed failed: display.Note($"warning: the evaluation of step {failed.Step} failed: {failed.Error}"); break;
            case RunNote note: display.Note(note.Text); break;
        }
    }

    /// <summary>Writes the summary of a run that is over, from its logs.</summary>
    /// <param name="session">The run.</param>
    /// <param name="data">Its data.</param>
    /// <param name="ended">How it ended.</param>
    /// <param name="started">Timestamp of this process's start.</param>
    public static RunSummary Settle(RunSession session, RunData data, RunEnded ended, long started)
    {
        IReadOnlyList<StepReport> steps = StepLog.Read<StepReport>(session.Folder.Metrics);
        IReadOnlyList<EvaluationReport> evaluations = StepLog.Read<EvaluationReport>(session.Folder.Evaluations);
        StepReport? last = steps.Count > 0 ? steps[^1] : null;
        EvaluationReport? best = evaluations.Where(e => e.Step > 0).MinBy(e => e.Loss);
        double seconds = session.EarlierSeconds + Stopwatch.GetElapsedTime(started).TotalSeconds;
        TimeTotals time = Complete(session.EarlierTime + (ended.Time ?? TimeTotals.Zero), steps);
        using var model = data.CreateModel();
        var summary = new RunSummary(session.Recipe.Name, Status(ended.Outcome), last?.Step ?? 0, session.Recipe.Training.Steps, last?.Tokens ?? 0,
            model.ParameterCount(),
            new ValidationSummary(evaluations.FirstOrDefault(e => e.Step == 0)?.Perplexity,
                evaluations.LastOrDefault(e => e.Step == last?.Step)?.Perplexity, best?.Perplexity, best?.Step, data.Dataset.UnigramPerplexity()),
            last?.WeightsSha256 ?? "", seconds, time.Goodput,
            ended.Outcome == RunOutcome.Failed ? ended.Reason : null, time);
        summary.Write(session.Folder.Summary);
        return summary;
    }

    /// <summary>A process that was killed with its supervisor has left no account, but its steps stand in the log.</summary>
    internal static TimeTotals Complete(TimeTotals heard, IReadOnlyList<StepReport> steps)
    {
        double logged = steps.Sum(s => s.WorldSize * s.Seconds);
        return logged > heard.Productive + heard.DataWait ? heard with { Productive = logged - heard.DataWait } : heard;
    }

    private static RunStatus Status(RunOutcome outcome) => outcome switch
    {
        RunOutcome.Finished => RunStatus.Finished,
        RunOutcome.Interrupted => RunStatus.Interrupted,
        _ => RunStatus.Failed,
    };
}
