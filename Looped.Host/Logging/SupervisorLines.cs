using Looped.Actors.Evaluating;
using Looped.Actors.Logging;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Actors.Training;
using Microsoft.Extensions.Logging;

namespace Looped.Host.Logging;

/// <summary>What a process that answers for a run keeps of it: events in the run folder, and lines in its log.</summary>
/// <param name="folder">The run folder.</param>
/// <param name="log">The process's log.</param>
/// <param name="time">Decides which steps are progress that everybody sees.</param>
internal sealed class SupervisorLines(RunFolder folder, RunLogger log, TimeProvider time)
{
    /// <summary>How often progress is logged for those who do not look at every step.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private const int Most = 1000;

    private readonly Queue<RunEvent> _waiting = new();
    private long? _shown;

    /// <summary>Keeps an event, after those that found no room before.</summary>
    /// <exception cref="Models.LoopedException">It cannot be written now, and waits for the next one; of more than a thousand the oldest are given up.</exception>
    public void Record(RunEvent happened)
    {
        if (happened.Event is not RunEventKind.Checkpoint) log.Scope = log.Scope with { Step = happened.Step, Generation = happened.Generation ?? log.Scope.Generation };
        RunLog.Happened(log, happened);
        _waiting.Enqueue(happened);
        if (_waiting.Count > Most) _waiting.Dequeue();
        while (_waiting.TryPeek(out RunEvent? next))
        {
            RunEventLog.Append(folder, next);
            _waiting.Dequeue();
        }
    }

    /// <summary>Logs what else the supervisor tells; events are told by <see cref="Record"/>.</summary>
    public void Follow(object happened)
    {
        switch (happened)
        {
            case StepCommitted { Report: { } report }: Step(report); break;
            case EvaluationCompleted { Report: { } report }: RunLog.Evaluated(log, report.Step, report.Loss, report.Perplexity); break;
            case EvaluationFailed failed: RunLog.EvaluationFailed(log, failed.Step, failed.Error); break;
            case RunNote { Text: var text } when text.Contains("warning", StringComparison.OrdinalIgnoreCase): RunLog.Warning(log, text); break;
            case RunNote note: RunLog.Note(log, note.Text); break;
        }
    }

    private void Step(StepReport report)
    {
        log.Scope = log.Scope with { Step = report.Step, Generation = report.Generation };
        bool progress = _shown is not { } last || time.GetElapsedTime(last) >= Interval || report.Step == report.Steps;
        if (progress) _shown = time.GetTimestamp();
        RunLog.Step(log, report, progress ? LogLevel.Information : LogLevel.Debug);
    }
}
