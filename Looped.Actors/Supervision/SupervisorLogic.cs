using System.Collections.Immutable;

namespace Looped.Actors.Supervision;

/// <summary>
/// The supervisor's decisions as a pure function: membership becomes generations. It looks at the last status of every worker, never
/// at how it came about; so lost, late and repeated messages change when something happens, not what.
/// </summary>
public static class SupervisorLogic
{
    /// <summary>Takes an event in and gives what is to be done.</summary>
    public static (SupervisorState State, IReadOnlyList<SupervisorCommand> Commands) Decide(SupervisorState state, SupervisorEvent happened)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(happened);
        var commands = new List<SupervisorCommand>();
        // Most statuses only say that all is as before. What follows from time alone is decided at ticks.
        bool news = happened is not StatusHeard beat
            || (IsNews(state.Workers.GetValueOrDefault(beat.Status.Worker)?.Status, beat.Status) && !CanWait(state, beat.Status));
        state = happened switch
        {
            StatusHeard heard => Hear(state, heard.Status, heard.Now),
            PlanHeard heard => Believe(state, heard.Plan),
            StopAsked stop => state with { StopReason = state.StopReason ?? stop.Reason },
            _ => Forget(state, happened.Now),
        };
        if (state.Ended is null && news)
        {
            state = Conclude(state, commands);
            state = Adopt(state, happened.Now, commands);
            state = FollowNext(state, happened.Now, commands);
            state = Recovery.FollowCurrent(state, happened.Now, commands);
            state = Gather(state, happened.Now, commands);
        }
        if (happened is StatusHeard { Status: var status }) Answer(state, status, commands);
        if (happened is StopAsked && state is { Ended: null })
            commands.AddRange(state.Workers.Keys.Select(worker => new AskToStop(worker, state.StopReason!)));
        return (state, commands);
    }

    private static SupervisorState Hear(SupervisorState state, WorkerStatus status, TimeSpan now)
    {
        WorkerView? before = state.Workers.GetValueOrDefault(status.Worker);
        if (before is not null && before.Status.Sequence >= status.Sequence) return state; // overtaken by a later one
        var view = new WorkerView(status, now, before?.Failures ?? 0, before?.EligibleAt ?? TimeSpan.Zero);
        return state with { Workers = state.Workers.SetItem(status.Worker, view) };
    }

    /// <summary>
    /// Whether a worker is in a generation that was planned before this term, and yet after all that the run folder tells of: the disk was full,
    /// or the other supervisor was only just replaced.
    /// </summary>
    private static bool IsMissing(SupervisorState state, GenerationId? inForce) => inForce is { } id
        && !state.Known.ContainsKey(id) && id.Term < state.Term && id.Number > state.Inherited && !(id <= state.Current?.Id);

    private static SupervisorState Believe(SupervisorState state, GenerationPlan plan) =>
        IsMissing(state, plan.Id) ? state with { Known = state.Known.SetItem(plan.Id, plan) } : state;

    private static bool IsNews(WorkerStatus? before, WorkerStatus status) => before is null || before.Activity != status.Activity
        || before.InForce != status.InForce || before.Seen != status.Seen || before.Failed != status.Failed || before.HasState != status.HasState
        || before.StateHash != status.StateHash || before.Leaving != status.Leaving || before.Outcome != status.Outcome
        || before.Held.Count != status.Held.Count || !before.Lost.SequenceEqual(status.Lost) || !before.Culprits.SequenceEqual(status.Culprits);

    /// <summary>In a crowd one of many alike decides nothing: the next tick looks at all of them at once, instead of once for each.</summary>
    private static bool CanWait(SupervisorState state, WorkerStatus status) =>
        state.Workers.Count >= state.Settings.Crowd && status is { Outcome: null, Leaving: false } && (status.Failed is null || status.Failed != state.Next?.Id)
        && status.Activity switch
        {
            RankActivity.Running => status.InForce == state.Current?.Id,
            RankActivity.Forming => Planning.IsAwaited(state, status.Seen),
            RankActivity.Breaking => status.InForce == state.Current?.Id && state.BrokenSince is not null,
            RankActivity.Idle => status.InForce is null || (status.InForce == state.Current?.Id && state.BrokenSince is not null),
            _ => false,
        };

    /// <summary>Forgets workers that have ended or were silent for long and belong to no generation.</summary>
    private static SupervisorState Forget(SupervisorState state, TimeSpan now) => state with
    {
        Workers = state.Workers.RemoveRange(state.Workers.Values
            .Where(w => now - w.Heard > (w.Status.Activity == RankActivity.Ended ? 1 : 10) * state.Settings.LostAfter)
            .Select(w => w.Status.Worker)
            .Where(w => !(state.Current?.RankOf(w) >= 0) && !(state.Next?.RankOf(w) >= 0))),
    };

    /// <summary>Repeats to a worker whatever its status shows that it missed.</summary>
    private static void Answer(SupervisorState state, WorkerStatus status, List<SupervisorCommand> commands)
    {
        if (state.Ended is { } ended)
        {
            commands.Add(new TellOver(status.Worker, ended));
            return;
        }
        if (state.StopReason is { } reason) commands.Add(new AskToStop(status.Worker, reason));
        if (IsMissing(state, status.InForce)) commands.Add(new AskForPlan(status.Worker));
        if (state.Next is { } next && (status.Seen is null || status.Seen < next.Id) && Concerns(state, next, status.Worker)
            && !commands.OfType<PublishPlan>().Any()) commands.Add(new RepeatPlan(status.Worker, next));
    }

    private static bool Concerns(SupervisorState state, GenerationPlan plan, string worker) =>
        plan.RankOf(worker) >= 0 || state.Current?.RankOf(worker) >= 0;

    private static SupervisorState Conclude(SupervisorState state, List<SupervisorCommand> commands)
    {
        // A worker says that the run is finished or stopped only once the last checkpoint is on disk. That it was stopped, and does not just
        // leave, it may say to a successor that nobody asked. One worker's failure is a loss like any other; if every member fails, what they
        // do cannot be done.
        WorkerView[] through = [.. state.Workers.Values.Where(w => w.Status.Outcome is not null)];
        WorkerView? first = through.FirstOrDefault(w => w.Status.Worker == state.Current?.Generation.Members[0]);
        WorkerView? over = through.FirstOrDefault(w => w.Status.Outcome == RunOutcome.Finished);
        if (state.StopReason is not null && first?.Status.Outcome == RunOutcome.Interrupted) over ??= first;
        over ??= through.FirstOrDefault(w => w.Status is { Outcome: RunOutcome.Interrupted, Leaving: false, HasState: true }
            && state.Current?.RankOf(w.Status.Worker) >= 0);
        if (state.Current?.Generation.Members.All(m => state.Workers.GetValueOrDefault(m)?.Status.Outcome == RunOutcome.Failed) == true) over ??= first;
        if (over is null && !(state.StopReason is not null && state.Current is null && state.Next is null)) return state;
        var ended = over is null
            ? new RunEnded(RunOutcome.Interrupted, 0, state.StopReason)
            : new RunEnded(over.Status.Outcome!.Value, over.Status.Step, over.Status.Outcome == RunOutcome.Failed ? over.Status.Error : state.StopReason);
        commands.Add(new EndRun(ended));
        commands.AddRange(state.Workers.Keys.Select(worker => new TellOver(worker, ended)));
        return state with { Ended = ended };
    }

    /// <summary>Believes workers that say that a generation is up, whoever planned it.</summary>
    private static SupervisorState Adopt(SupervisorState state, TimeSpan now, List<SupervisorCommand> commands)
    {
        GenerationId? highest = null;
        foreach (WorkerView worker in state.Workers.Values)
        {
            if (worker.Status.InForce is not { } id || id <= state.Current?.Id || now - worker.Heard > state.Settings.LostAfter) continue;
            // One that broke before anybody said that it runs was up all the same: its members hold what it computed.
            bool counts = state.Current is not null || worker.Status.Activity is RankActivity.Running
                || (worker.Status.HasState && worker.Status.Activity is RankActivity.Idle or RankActivity.Breaking);
            if (counts && state.Known.ContainsKey(id) && (highest is null || id > highest)) highest = id;
        }
        if (highest is not { } up) return state;
        GenerationPlan plan = state.Known[up];
        commands.Add(new Remark(plan.Id == state.Next?.Id
            ? $"generation {plan.Id} runs: {plan.Generation.WorldSize} worker{(plan.Generation.WorldSize == 1 ? "" : "s")}"
            : $"taking over generation {plan.Id} with {plan.Generation.WorldSize} workers"));
        return state with
        {
            Current = plan,
            // A plan that was to follow another generation cannot follow this one.
            Next = state.Next is { } next && (next.Id <= up || (next.After is { } after && after != up)) ? null : state.Next,
            LastNumber = Math.Max(state.LastNumber, up.Number),
            BrokenSince = null,
            OrphanedSince = null,
        };
    }

    private static SupervisorState FollowNext(SupervisorState state, TimeSpan now, List<SupervisorCommand> commands)
    {
        if (state.Next is not { } next) return state;
        List<WorkerView> failed = [.. state.Workers.Values.Where(w => w.Status.Failed == next.Id)];
        bool planned = next.After is not null;
        bool overdue = !planned && now - state.PlannedAt > 1.5 * state.Settings.Formation; // the ranks give up first, and say why
        // Nobody is left to hand over; who waits for that can be planned anew.
        if (planned && state.Current is { } current && (Recovery.IsBroken(state, current) || Recovery.IsDeserted(state, current, now)))
            return state with { Next = null };
        if (failed.Count == 0 && !overdue) return state;
        string[] culprits = [.. failed.SelectMany(w => w.Status.Culprits).Distinct(StringComparer.Ordinal)];
        commands.Add(new Remark($"generation {next.Id} did not come up{(culprits.Length > 0 ? $": {string.Join(", ", culprits)} could not be reached" : "")}"));
        ImmutableSortedDictionary<string, WorkerView> workers = state.Workers;
        foreach (string culprit in culprits)
            if (workers.TryGetValue(culprit, out WorkerView? view)) workers = workers.SetItem(culprit, CoolDown(view, state.Settings, now));
        return state with { Next = null, Workers = workers, BrokenSince = planned ? state.BrokenSince : now };
    }

    private static WorkerView CoolDown(WorkerView view, SupervisorSettings settings, TimeSpan now)
    {
        double factor = Math.Pow(2, Math.Min(view.Failures, 30));
        TimeSpan pause = TimeSpan.FromTicks((long)Math.Min(settings.CoolDown.Ticks * factor, settings.LongestCoolDown.Ticks));
        return view with { Failures = view.Failures + 1, EligibleAt = now + pause };
    }

    /// <summary>Forms the first generation, or the first after every worker was lost.</summary>
    private static SupervisorState Gather(SupervisorState state, TimeSpan now, List<SupervisorCommand> commands)
    {
        if (state.Current is not null || state.Next is not null || state.StopReason is not null) return state;
        // Beside a generation that is yet to be heard of, no other may be begun.
        if (state.Workers.Values.Any(w => IsMissing(state, w.Status.InForce) && w.Status.Activity != RankActivity.Ended && now - w.Heard <= state.Settings.LostAfter))
            return state;
        List<WorkerView> ready = [.. state.Workers.Values.Where(w => Planning.IsReady(state, w, now))];
        if (ready.Count == 0) return state with { GatheringSince = null };
        state = state with { GatheringSince = state.GatheringSince ?? now };
        bool due = state.OrphanedSince is { } since
            ? now - since >= state.Settings.Lease
            : ready.Count >= state.Settings.ExpectedWorkers || now - state.GatheringSince >= state.Settings.GatherWindow;
        return due ? Planning.Publish(state, [], ready, after: null, restore: true, now, commands) : state;
    }
}
