using System.Diagnostics;
using Looped.Actors.Telemetry;
using Looped.Actors.Training;
using static Looped.Actors.Telemetry.LoopedAttributes;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Looped.Actors.Supervision;

/// <summary>
/// What a supervisor records of its run. It reads what happened from the states before and after a decision, so the decisions know nothing
/// of it. It also keeps the account of the time of all workers: one that was killed counts with the last that was heard of it.
/// </summary>
internal sealed class SupervisionRecorder : IDisposable
{
    private readonly Instruments _instruments;
    private readonly Func<TimeSpan> _now;
    private readonly Dictionary<string, TimeTotals> _times = [];
    private readonly Dictionary<string, TimeSpan> _noticed = [];
    private readonly StepBook _steps = new();
    private readonly Activity? _run;
    private readonly IDisposable[] _shown;
    private SupervisorState? _state;
    private TimeSpan _durable, _committed;
    private double _lostSeconds;
    private Activity? _forming, _recovery;
    private GenerationId _recovering;

    public SupervisionRecorder(SupervisedRun run, Func<TimeSpan> now)
    {
        (_instruments, _now, _durable) = (run.Instruments, now, now());
        _run = Spans.Begin(Spans.Cluster, Spans.Run, default, default, default, new Tag(Run, run.Name), new Tag(Config, run.RecipeIdentity));
        _shown = [_instruments.Clusters.Add(Look), _instruments.Times.Add(() => new TimeTotals { LostWork = Volatile.Read(ref _lostSeconds) })];
        _instruments.RecordZeros();
    }

    /// <summary>What all seconds of all workers were spent on.</summary>
    public TimeTotals Time => _times.Values.Aggregate(new TimeTotals { LostWork = _lostSeconds }, (sum, time) => sum + time);

    /// <summary>A status came.</summary>
    /// <param name="before">What was known of the worker.</param>
    /// <param name="status">What it says.</param>
    public void Heard(WorkerStatus? before, WorkerStatus status)
    {
        if (before is not null && before.Sequence >= status.Sequence) _instruments.StaleMessages.Add(1);
        else if (status.Time is { } time) _times[status.Worker] = time;
        if (status.Activity == RankActivity.Ended) _noticed.Remove(status.Worker);
        else if (status.Leaving) _noticed.TryAdd(status.Worker, _now());
    }

    /// <summary>A decision was made. Plans that it made get their trace contexts.</summary>
    public (SupervisorState State, IReadOnlyList<SupervisorCommand> Commands) Follow(SupervisorState before, SupervisorState after,
        IReadOnlyList<SupervisorCommand> commands)
    {
        if (_forming is not null && after.Next?.Id != before.Next?.Id) Formed(before.Next!, after);
        if (commands.OfType<PublishPlan>().FirstOrDefault() is { Plan: var plan })
        {
            GenerationPlan traced = plan with { Trace = Planned(before, after, plan) };
            commands = [.. commands.Select(c => c is PublishPlan ? new PublishPlan(traced) : c)];
            after = after with { Next = after.Next?.Id == plan.Id ? traced : after.Next, Known = after.Known.SetItem(plan.Id, traced) };
        }
        else if (before.OrphanedSince is null && after.OrphanedSince is not null && before.Current is { } deserted)
        {
            CountLost(after, deserted.Generation.Members);
        }
        Volatile.Write(ref _state, after);
        return (after, commands);
    }

    /// <summary>A step was committed.</summary>
    public void Committed(StepReport step)
    {
        _committed = _now();
        (long steps, double seconds) = _steps.Commit(step.Step, step.Seconds * step.WorldSize);
        if (steps > 0)
        {
            _instruments.LostSteps.Add(steps, new Tag(Reason, "failed"));
            Volatile.Write(ref _lostSeconds, _lostSeconds + seconds);
        }
        if (_recovery is null || step.Generation < _recovering.Number) return;
        if (steps > 0) _recovery.SetStatus(ActivityStatusCode.Error, $"{steps} steps are computed again");
        _recovery.End();
        _recovery = null;
    }

    /// <summary>A checkpoint is durable.</summary>
    public void Written(long step)
    {
        _durable = _now();
        _steps.Durable(step);
    }

    /// <summary>Somebody asked for the run to stop, perhaps by a signal.</summary>
    public void Stopped(string reason) => _instruments.CountPreemption(reason);

    /// <summary>Another supervisor carries on.</summary>
    public void Superseded() => Volatile.Write(ref _state, null);

    private string? Planned(SupervisorState before, SupervisorState after, GenerationPlan plan)
    {
        bool unplanned = plan.After is null && before.Current is not null;
        string[] gone = [.. (before.Current?.Generation.Members ?? []).Except(plan.Generation.Members)];
        string reason = ReasonOf(before.Current, after, plan, unplanned, gone);
        _instruments.Generations.Add(1, new Tag(Reason, reason));
        DateTime now = DateTime.UtcNow;
        DateTime began = unplanned && before.BrokenSince is { } since ? now - (_now() - since) : now;
        _forming?.End();
        _forming = Spans.Begin(Spans.Cluster, Spans.Generation, default, began, _run?.Context ?? default,
            new Tag(LoopedAttributes.Generation, plan.Id.Number), new Tag(WorldSize, plan.Generation.WorldSize), new Tag(Reason, reason));
        if (!unplanned) return _forming?.Id;
        CountLost(after, gone);
        if (before.Current is { } broken) CountLostMicroBatches(before, broken, gone);
        // A second loss before the first step: one recovery, ended by the generation that comes up.
        _recovery?.End();
        _recovery = _forming is null ? null : Spans.Begin(Spans.Cluster, Spans.Recovery, _forming.Context, began, default, new Tag(LoopedAttributes.Generation, plan.Id.Number));
        _recovering = plan.Id;
        foreach (string member in gone) _recovery?.AddEvent(new ActivityEvent("lost", tags: new ActivityTagsCollection { [Worker] = member }));
        return _forming?.Id;
    }

    private static string ReasonOf(GenerationPlan? current, SupervisorState after, GenerationPlan plan, bool unplanned, string[] gone) => unplanned ? "failed"
        : gone.Length > 0 ? gone.Any(m => after.Workers.GetValueOrDefault(m)?.Status.Leaving == true) ? "preempted" : "leave"
        : current is not null && plan.Generation.Members.All(m => current.RankOf(m) >= 0) ? "manual"
        : "join";

    /// <summary>Members that are gone without a word.</summary>
    private void CountLost(SupervisorState state, IEnumerable<string> members)
    {
        foreach (string member in members)
        {
            WorkerStatus? status = state.Workers.GetValueOrDefault(member)?.Status;
            if (status is { Activity: RankActivity.Ended } or { Leaving: true, Activity: RankActivity.Idle }) continue;
            if (_noticed.Remove(member, out TimeSpan since)) _instruments.DrainDuration.Record((_now() - since).TotalSeconds, new Tag(Outcome, "killed"));
            _instruments.Preemptions.Add(1, new Tag(Reason, "node_lost"));
        }
    }

    /// <summary>
    /// Micro-batches that went with lost members. Nobody can be asked any more how many these were; their pace since the last commit says it
    /// well enough, and no more than their share.
    /// </summary>
    private void CountLostMicroBatches(SupervisorState state, GenerationPlan broken, IEnumerable<string> gone)
    {
        double seconds = ((state.BrokenSince ?? _now()) - _committed).TotalSeconds;
        foreach (string member in gone)
        {
            if (state.Workers.GetValueOrDefault(member)?.Status is not { SecondsPerMicroBatch: > 0 } status) continue;
            int share = broken.AssignmentOf(status.Step)[broken.RankOf(member)].Count;
            int lost = (int)Math.Clamp(seconds / status.SecondsPerMicroBatch, 0, share);
            if (lost > 0) _instruments.LostMicroBatches.Add(lost, new Tag(Reason, "node_lost"));
        }
    }

    private void Formed(GenerationPlan plan, SupervisorState after)
    {
        if (after.Current?.Id != plan.Id) _forming!.AddEvent(new ActivityEvent("did not come up"));
        _forming!.End();
        _forming = null;
    }

    /// <summary>On an exporter's thread.</summary>
    private ClusterNumbers? Look()
    {
        if (Volatile.Read(ref _state) is not { } state) return null;
        TimeSpan now = _now();
        WorkerView[] workers = [.. state.Workers.Values.Where(w => w.Status.Activity != RankActivity.Ended)];
        int draining = workers.Count(w => w.Status.Leaving), training = workers.Count(w => w.Status is { Leaving: false, Activity: RankActivity.Running });
        return new ClusterNumbers(training, workers.Length - training - draining, draining, state.Current?.Generation.WorldSize ?? 0,
            state.Current?.Id.Number ?? 0, workers.Length == 0 ? 0 : workers.Max(w => (now - w.Heard).TotalSeconds), (now - _durable).TotalSeconds);
    }

    public void Dispose()
    {
        foreach (IDisposable shown in _shown) shown.Dispose();
        _recovery?.End();
        _forming?.End();
        _run?.End();
    }
}
