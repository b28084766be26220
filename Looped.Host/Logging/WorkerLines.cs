using Looped.Actors;
using Looped.Actors.Logging;
using Looped.Actors.Supervision;
using Microsoft.Extensions.Logging;

namespace Looped.Host.Logging;

/// <summary>What a worker process logs, read from what it tells its supervisor and hears from it. Called from one actor.</summary>
/// <param name="worker">The worker's name.</param>
/// <param name="log">The process's log.</param>
internal sealed class WorkerLines(string worker, RunLogger log)
{
    private readonly Dictionary<GenerationId, GenerationPlan> _plans = [];
    private GenerationId? _inForce, _broken;

    /// <summary>The supervisor said something.</summary>
    public void Heard(IWireMessage message)
    {
        if (message is GenerationPlanned planned) _plans[planned.Plan.Id] = planned.Plan;
    }

    /// <summary>The worker said something.</summary>
    public void Told(IWireMessage message)
    {
        switch (message)
        {
            case WorkerReported { Status: { } status }: Follow(status); break;
            case StepCommitted step: RunLog.Step(log, step.Report, LogLevel.Debug); break;
            case RunNote note: RunLog.Note(log, note.Text); break;
            case WorkerEnded { Error: { } error } ended: RunLog.WorkerFailed(log, ended.Step, error); break;
            case WorkerEnded ended: RunLog.Through(log, ended.Step, ended.Outcome.ToString().ToLowerInvariant()); break;
        }
    }

    private void Follow(WorkerStatus status)
    {
        log.Scope = log.Scope with { Step = status.HasState ? status.Step : null };
        // The plan may come after its generation is up: peers hand it on too.
        if (status is { Activity: RankActivity.Running, InForce: { } up } && up != _inForce && _plans.TryGetValue(up, out GenerationPlan? plan))
        {
            _inForce = up;
            log.Scope = log.Scope with { Rank = plan.RankOf(worker), Generation = up.Number };
            RunLog.TakesPart(log, plan.RankOf(worker), plan.Generation.WorldSize, up.Number, status.Step);
            foreach (GenerationId old in _plans.Keys.Where(id => id < up).ToArray()) _plans.Remove(old);
        }
        if (status.Activity is RankActivity.Breaking or RankActivity.Idle && status.InForce is { } broken && broken == _inForce && broken != _broken)
        {
            _broken = broken;
            RunLog.Broke(log, broken.Number, status.Step, status.Lost.Count > 0 ? string.Join(", ", status.Lost) : "not known yet");
            log.Scope = log.Scope with { Rank = null };
        }
    }
}
