namespace Looped.Actors.Supervision;

/// <summary>Makes plans: who takes part, in which rank, with which micro-batches. Pure.</summary>
internal static class Planning
{
    /// <summary>Whether a worker that is in no generation can be planned: it is at rest, or waits for members of a plan that was given up.</summary>
    public static bool IsReady(SupervisorState state, WorkerView worker, TimeSpan now) =>
        !worker.Status.Leaving
        && (worker.Status.Activity == RankActivity.Idle || (worker.Status.Activity == RankActivity.Forming && !IsAwaited(state, worker.Status.Seen)))
        && now >= worker.EligibleAt
        && now - worker.Heard <= state.Settings.LostAfter;

    /// <summary>Listeners that a newcomer must be able to reach: those of the members that have been heard of lately. One that was lost would keep everybody out.</summary>
    public static IEnumerable<string> Reachable(SupervisorState state, TimeSpan now) => state.Current is not { } plan ? [] : plan.Generation.Members.Zip(plan.Endpoints)
        .Where(m => m.Second.Length > 0 && state.Workers.GetValueOrDefault(m.First) is { } worker
            && worker.Status.Activity != RankActivity.Ended && now - worker.Heard <= state.Settings.LostAfter)
        .Select(m => m.Second);

    /// <summary>Whether a plan can still come up, or has just done so.</summary>
    public static bool IsAwaited(SupervisorState state, GenerationId? plan) => plan is not null && (plan == state.Next?.Id || plan == state.Current?.Id);

    /// <summary>Publishes the next generation: members in their order, then newcomers while there is work for them.</summary>
    public static SupervisorState Publish(SupervisorState state, IReadOnlyList<WorkerView> staying, IEnumerable<WorkerView> joining,
        GenerationId? after, bool restore, TimeSpan now, List<SupervisorCommand> commands)
    {
        WorkerView[] members = [.. staying.Concat(joining).Take(state.Settings.MicroBatches)];
        GenerationPlan plan = Make(state, members, after, restore);
        commands.Add(new PublishPlan(plan));
        commands.Add(new Remark($"generation {plan.Id} is planned: {string.Join(", ", plan.Generation.Members)}"));
        return state with
        {
            Next = plan,
            Known = Remember(state, plan),
            LastNumber = plan.Id.Number,
            PlannedAt = now,
            BrokenSince = null,
            GatheringSince = null,
        };
    }

    private static GenerationPlan Make(SupervisorState state, WorkerView[] members, GenerationId? after, bool restore)
    {
        double[] seconds = [.. members.Select(m => m.Status.SecondsPerMicroBatch)];
        IReadOnlyList<IReadOnlyList<int>> nothing = [.. members.Select(_ => (IReadOnlyList<int>)[])];
        var generation = new Generation(state.Term, state.LastNumber + 1, [.. members.Select(m => m.Status.Worker)],
            Assignments.Deal(state.Settings.MicroBatches, nothing, seconds));
        string[] endpoints = [.. members.Select(m => m.Status.Endpoint)];
        WorkerStatus? ahead = after is null ? members.Select(m => m.Status).Where(s => s.HasState && s.StateHash is not null).MaxBy(s => s.Step) : null;
        IReadOnlyList<IReadOnlyList<int>> held = [.. members.Select(m => Kept(m.Status, ahead))];
        bool keep = ahead is not null && held.Any(h => h.Count > 0) && held.SelectMany(h => h).Distinct().Count() == held.Sum(h => h.Count);
        return new GenerationPlan(generation, endpoints, after, keep ? ahead!.Step : -1, keep ? ahead!.StateHash : null,
            keep ? Assignments.Deal(state.Settings.MicroBatches, held, seconds) : null, restore);
    }

    private static IReadOnlyList<int> Kept(WorkerStatus status, WorkerStatus? ahead) =>
        ahead is not null && status.HasState && status.Step == ahead.Step && status.StateHash == ahead.StateHash ? status.Held : [];

    private static System.Collections.Immutable.ImmutableDictionary<GenerationId, GenerationPlan> Remember(SupervisorState state, GenerationPlan plan)
    {
        // The generation in force and those planned after it; nothing older can come back.
        GenerationId oldest = state.Current?.Id ?? plan.Id;
        return state.Known.RemoveRange(state.Known.Keys.Where(id => id < oldest)).SetItem(plan.Id, plan);
    }
}
