using System.Collections.Immutable;
using Looped.Actors.Checkpointing;
using Looped.Actors.Training;

namespace Looped.Actors.Supervision;

/// <summary>
/// Turns what a supervisor decides and hears into the events of a run. Pure: what it remembers goes in and comes out, times are given, and
/// nothing that the supervisor decides depends on it.
/// </summary>
public sealed record RunStory
{
    private const int StallsKept = 64;

    /// <summary>Steps committed, as far as is known.</summary>
    public long Step { get; init; }

    /// <summary>Who takes part, by what was told so far.</summary>
    public ImmutableSortedSet<string> Members { get; init; } = ImmutableSortedSet.Create<string>(StringComparer.Ordinal);

    /// <summary>When the last step was committed.</summary>
    public TimeSpan? CommittedAt { get; init; }

    /// <summary>Who was lost since the last step.</summary>
    public ImmutableList<string> Lost { get; init; } = [];

    /// <summary>Whether somebody left since the last generation came up.</summary>
    public bool SomebodyLeft { get; init; }

    /// <summary>The generation that broke with the loss.</summary>
    public long BrokenGeneration { get; init; }

    /// <summary>Whether a member of the newest plan has the state of the run in memory, so that no checkpoint is read.</summary>
    public bool PlannedWithState { get; init; }

    /// <summary>How long training stood still after each of the latest steps.</summary>
    private ImmutableQueue<(long Step, double Seconds)> Stalls { get; init; } = [];

    /// <summary>What follows from a decision.</summary>
    /// <param name="before">The supervisor's state before it.</param>
    /// <param name="after">The state after it.</param>
    /// <param name="now">When, on the supervisor's clock.</param>
    /// <param name="events">What happened is added.</param>
    public RunStory Decided(SupervisorState before, SupervisorState after, TimeSpan now, ICollection<RunEvent> events)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        ArgumentNullException.ThrowIfNull(events);
        RunStory story = this;
        if (before.StopReason is null && after.StopReason is { } stop) events.Add(new(RunEventKind.StopAsked, Step) { Reason = stop });
        if (!ReferenceEquals(before.Next, after.Next) && after.Next is { } plan)
        {
            story = story with { PlannedWithState = plan.Generation.Members.Any(m => after.Workers.GetValueOrDefault(m)?.Status.HasState == true) };
            // Without a hand-over, whoever is not planned is gone already.
            if (plan.After is null && after.Current is { } broken) story = story.Lose([.. plan.Generation.Members], broken, after, now, events);
        }
        if (!ReferenceEquals(before.Current, after.Current))
            story = after.Current is { } up ? story.Up(up, before, after, now, events) : story.Lose([], before.Current!, after, now, events);
        if (before.Ended is null && after.Ended is { } ended) events.Add(story.End(ended));
        return story;
    }

    /// <summary>What follows from a committed step.</summary>
    public RunStory Committed(StepReport report, TimeSpan now, ICollection<RunEvent> events)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(events);
        ImmutableQueue<(long, double)> stalls = Stalls.Enqueue((report.Step - 1, report.StallSeconds));
        RunStory story = this with { Step = report.Step, CommittedAt = now, Stalls = stalls.Count() > StallsKept ? stalls.Dequeue() : stalls };
        if (Lost.IsEmpty || report.Generation <= BrokenGeneration) return story; // a step of before the loss may arrive after it
        events.Add(new(RunEventKind.Recovered, report.Step)
        {
            Generation = report.Generation,
            WorldSize = report.WorldSize,
            Worker = string.Join(", ", Lost),
            Seconds = CommittedAt is { } last ? (now - last).TotalSeconds : null,
        });
        return story with { Lost = [] };
    }

    /// <summary>The event of a durable checkpoint.</summary>
    public RunEvent Written(CheckpointWritten checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        double? stall = Stalls.Where(s => s.Step == checkpoint.Step).Select(s => (double?)s.Seconds).LastOrDefault();
        return new(RunEventKind.Checkpoint, checkpoint.Step) { Bytes = checkpoint.Bytes, Seconds = checkpoint.Seconds, StallSeconds = stall };
    }

    private RunEvent End(RunEnded ended) => new(ended.Outcome switch
    {
        RunOutcome.Finished => RunEventKind.Finished,
        RunOutcome.Interrupted => RunEventKind.Interrupted,
        _ => RunEventKind.Failed,
    }, ended.Step > 0 ? ended.Step : Step)
    { Reason = ended.Reason };

    /// <summary>Those who are not among the staying are gone.</summary>
    private RunStory Lose(ImmutableHashSet<string> staying, GenerationPlan from, SupervisorState state, TimeSpan now, ICollection<RunEvent> events)
    {
        RunStory story = this;
        foreach (string worker in Members.Where(m => !staying.Contains(m)))
        {
            RunEvent gone = Gone(worker, from, state, now) with { Step = Math.Max(Step, StepOf(from, state)), Generation = from.Id.Number, Term = from.Id.Term, WorldSize = staying.Count };
            events.Add(gone);
            story = story with { Members = story.Members.Remove(worker) };
            story = gone.Event == RunEventKind.Left ? story with { SomebodyLeft = true }
                : story with { Lost = story.Lost.Add(worker), BrokenGeneration = from.Id.Number };
        }
        return story;
    }

    private static RunEvent Gone(string worker, GenerationPlan from, SupervisorState state, TimeSpan now)
    {
        WorkerView? view = state.Workers.GetValueOrDefault(worker);
        if (view?.Status is { Error: { } error }) return new(RunEventKind.Lost, 0) { Worker = worker, Reason = error };
        if (view?.Status is { Leaving: true } or { Activity: RankActivity.Ended }) return new(RunEventKind.Left, 0) { Worker = worker, Reason = view.Status.Notice ?? "notice" };
        bool broke = from.Generation.Members.Any(m => state.Workers.TryGetValue(m, out WorkerView? peer) && peer.Status.Lost.Contains(worker));
        string reason = broke ? "its connection broke" : view is null ? "it never answered" : FormattableString.Invariant($"silent for {(now - view.Heard).TotalSeconds:0.0} s");
        return new(RunEventKind.Lost, 0) { Worker = worker, Reason = reason };
    }

    private RunStory Up(GenerationPlan plan, SupervisorState before, SupervisorState after, TimeSpan now, ICollection<RunEvent> events)
    {
        bool takenOver = plan.Id.Term < after.Term;
        long step = StepOf(plan, after), had = Step;
        RunStory story = (takenOver ? this : Lose([.. plan.Generation.Members], before.Current ?? plan, after, now, events)) with { Step = plan.Restore ? step : Math.Max(step, Step) };
        RunEvent At(RunEventKind kind) => new(kind, story.Step) { Term = plan.Id.Term, Generation = plan.Id.Number, WorldSize = plan.Generation.WorldSize };
        string[] joined = takenOver ? [] : [.. plan.Generation.Members.Where(m => !story.Members.Contains(m))];
        foreach (string worker in joined) events.Add(At(RunEventKind.Joined) with { Worker = worker });
        bool restored = plan.Restore && step > 0 && !takenOver && !PlannedWithState;
        if (restored)
            events.Add(At(RunEventKind.Restored) with { LostSteps = had > step ? had - step : null });
        string[] reasons =
        [
            .. takenOver ? [$"term {after.Term} takes over"] : Array.Empty<string>(),
            .. story.Lost.IsEmpty ? Array.Empty<string>() : ["loss"],
            .. story.SomebodyLeft ? ["leave"] : Array.Empty<string>(),
            .. joined.Length == 0 ? Array.Empty<string>() : [restored ? "restore" : Members.IsEmpty ? "start" : "join"],
        ];
        events.Add(At(RunEventKind.Generation) with { Reason = reasons.Length > 0 ? string.Join(", ", reasons) : "rebalance" });
        return story with { Members = story.Members.Clear().Union(plan.Generation.Members), SomebodyLeft = false };
    }

    private static long StepOf(GenerationPlan plan, SupervisorState state) =>
        plan.Generation.Members.Select(m => state.Workers.GetValueOrDefault(m)?.Status).Where(s => s is { HasState: true }).Select(s => s!.Step).DefaultIfEmpty(0).Max();
}
