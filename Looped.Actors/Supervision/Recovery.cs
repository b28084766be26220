using System.Collections.Immutable;

namespace Looped.Actors.Supervision;

/// <summary>What the supervisor does about the generation that computes: nothing while it is whole and nobody comes or goes. Pure.</summary>
internal static class Recovery
{
    /// <summary>Whether a member says that the generation's communicator is gone.</summary>
    public static bool IsBroken(SupervisorState state, GenerationPlan plan) =>
        plan.Generation.Members.Any(m => state.Workers.TryGetValue(m, out WorkerView? view) && view.Status.InForce == plan.Id
            && view.Status.Activity is RankActivity.Breaking or RankActivity.Idle or RankActivity.Forming);

    /// <summary>
    /// Whether every member has ended or was silent for the lease. Nobody waits for one that has ended: the others notice the closed
    /// connection, and then the generation is broken.
    /// </summary>
    public static bool IsDeserted(SupervisorState state, GenerationPlan plan, TimeSpan now) => plan.Generation.Members.All(m =>
        state.Workers.TryGetValue(m, out WorkerView? view)
            ? view.Status.Activity == RankActivity.Ended || now - view.Heard > state.Settings.Lease
            : now >= state.Settings.Reattach);

    /// <summary>Keeps, changes, repairs or gives up the current generation.</summary>
    public static SupervisorState FollowCurrent(SupervisorState state, TimeSpan now, List<SupervisorCommand> commands)
    {
        if (state.Current is not { } current || state.Next is not null) return state;
        List<WorkerView> members = [.. current.Generation.Members.Select(m => state.Workers.GetValueOrDefault(m)).OfType<WorkerView>()];
        if (IsBroken(state, current) || state.BrokenSince is not null) return Repair(state, current, members, now, commands);
        if (IsDeserted(state, current, now))
        {
            commands.Add(new Remark($"no worker of generation {current.Id} is left"));
            // Those who left have written a checkpoint; only for those who fell silent is there a reason to wait.
            bool left = members.Count == current.Generation.WorldSize && members.All(m => m.Status.Activity == RankActivity.Ended);
            return state with { Current = null, OrphanedSince = left ? now - state.Settings.Lease : now, BrokenSince = null };
        }
        return Change(state, current, members, now, commands);
    }

    private static SupervisorState Repair(SupervisorState state, GenerationPlan current, List<WorkerView> members, TimeSpan now, List<SupervisorCommand> commands)
    {
        TimeSpan since = state.BrokenSince ?? now;
        state = state with { BrokenSince = since };
        ImmutableHashSet<string> lost = [.. members.Where(m => m.Status.InForce == current.Id).SelectMany(m => m.Status.Lost)];
        // A supervisor that just started does not know yet who is there.
        TimeSpan window = now < state.Settings.Reattach ? state.Settings.Reattach : state.Settings.AnswerWindow;
        foreach (string name in current.Generation.Members)
        {
            WorkerView? member = state.Workers.GetValueOrDefault(name);
            if (member is null || (member.Heard < since && member.Status.Activity != RankActivity.Ended))
            {
                if (!lost.Contains(name) && now - since < window) return state; // it may still answer
            }
            else if (IsUnderWay(state, member.Status) && !lost.Contains(name) && now - member.Heard < state.Settings.LostAfter) return state;
        }
        WorkerView[] survivors = [.. members.Where(m => m.Heard >= since && Planning.IsReady(state, m, now))];
        // Whoever has notice is taken only if nobody else has the state: it writes a checkpoint before it goes.
        if (survivors.Length == 0)
            survivors = [.. members.Where(m => m.Heard >= since && m.Status is { Leaving: true, Activity: RankActivity.Idle })];
        WorkerView[] spares = [.. Spares(state, current, now)];
        if (survivors.Length == 0)
        {
            if (members.Any(m => m.Status.Activity != RankActivity.Ended && now - m.Heard <= state.Settings.LostAfter)) return state;
            // Newcomers alone may not take the run back to a checkpoint while a member could still return with newer state.
            commands.Add(new Remark($"no worker of generation {current.Id} is left"));
            return state with { Current = null, OrphanedSince = now, BrokenSince = null };
        }
        // Rank 0 writes the logs: it has to be one that has committed the last step, or nobody would write that step's line.
        return Planning.Publish(state, [.. survivors.OrderByDescending(s => s.Status.Step)], spares, after: null, restore: false, now, commands);
    }

    /// <summary>Whether a member is still in its micro-batch, not aware of the loss yet, or about to find that the plan at hand fails.</summary>
    private static bool IsUnderWay(SupervisorState state, WorkerStatus status) => status.Activity is RankActivity.Breaking or RankActivity.Running
        || (status.Activity == RankActivity.Forming && Planning.IsAwaited(state, status.Seen));

    private static SupervisorState Change(SupervisorState state, GenerationPlan current, List<WorkerView> members, TimeSpan now, List<SupervisorCommand> commands)
    {
        // A plan is for members that are all there; until then the generation just runs.
        if (members.Count < current.Generation.WorldSize || members.Any(m => m.Status.Activity != RankActivity.Running || m.Status.InForce != current.Id))
            return state;
        if (state.StopReason is not null) return state;
        WorkerView[] staying = [.. members.Where(m => !m.Status.Leaving)];
        if (staying.Length == 0) return state; // all leave at once: they see it in their control vector and write a checkpoint
        int room = state.Settings.MicroBatches - staying.Length;
        WorkerView[] joining = [.. Spares(state, current, now).Take(room)];
        bool rebalance = staying.Length == members.Count && joining.Length == 0 && Gain(current, staying) >= state.Settings.RebalanceGain
            && now - state.PlannedAt >= state.Settings.RebalanceEvery;
        if (staying.Length == members.Count && joining.Length == 0 && !rebalance) return state;
        return Planning.Publish(state, staying, joining, after: current.Id, restore: false, now, commands);
    }

    private static IEnumerable<WorkerView> Spares(SupervisorState state, GenerationPlan current, TimeSpan now)
    {
        HashSet<string> members = [.. current.Generation.Members];
        return state.Workers.Values.Where(w => Planning.IsReady(state, w, now) && !members.Contains(w.Status.Worker));
    }

    /// <summary>By which share the predicted step becomes shorter if micro-batches are dealt by the measured speeds.</summary>
    private static double Gain(GenerationPlan current, WorkerView[] members)
    {
        double[] seconds = [.. members.Select(m => m.Status.SecondsPerMicroBatch)];
        int[] counts = [.. current.Generation.Assignment.Select(a => a.Count)];
        double now = Assignments.Predict(counts, seconds);
        if (now <= 0) return 0;
        int[] better = Assignments.Shares(counts.Sum(), seconds, new int[counts.Length]);
        return 1 - Assignments.Predict(better, seconds) / now;
    }
}
