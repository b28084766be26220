using Looped.Actors.Supervision;
using Looped.Models;

namespace Looped.Actors.Training;

/// <summary>A rank's decisions as pure functions. The training thread and the simulation of the protocol both use these.</summary>
public static class RankLogic
{
    /// <summary>Takes a plan in: the newest of the highest term counts.</summary>
    public static RankState Receive(RankState state, GenerationPlan plan)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Generation.Term < state.Term || plan.Id <= state.InForce?.Id || plan.Id <= state.Failed || plan.Id <= state.Candidate?.Id) return state;
        return state with { Candidate = plan, Term = plan.Generation.Term };
    }

    /// <summary>Whether the plan at hand can be formed by a rank that is at rest.</summary>
    public static bool CanForm(RankState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        // A hand-over happens at the end of a step. A rank whose generation broke before has no such end: it waits for another plan.
        return state is { Activity: RankActivity.Idle, Candidate: { } plan } && plan.RankOf(state.Worker) >= 0
            && !(plan.After <= state.InForce?.Id);
    }

    /// <summary>Whether nobody counts on this rank: it was released, leaves at once, or has notice and is in no plan.</summary>
    public static bool MayGo(RankState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Released || state.Hurry || (state is { Leaving: true, Activity: RankActivity.Idle }
            && (state.InForce is null || (state.Candidate is { } plan && plan.RankOf(state.Worker) < 0)));
    }

    /// <summary>
    /// Whether a rank that gives the step up to leave at once does so without anybody who goes on: then what was computed since the last
    /// checkpoint would be lost, had rank 0 not written one.
    /// </summary>
    public static bool IsLastInHurry(RankState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state is { Hurry: true, HasState: true, Released: false } && (state.StopReason is not null || state.InForce?.Generation.WorldSize == 1);
    }

    /// <summary>Whether this rank raises "regroup" in its next reduction.</summary>
    public static bool WantsRegroup(RankState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return state.Candidate is { After: { } after } && after == state.InForce?.Id;
    }

    /// <summary>What the reduced control vector means; the same on every rank.</summary>
    /// <param name="regroup">Whether any rank holds the next plan.</param>
    /// <param name="stop">Whether any rank was asked to stop.</param>
    /// <param name="leavers">Ranks with notice.</param>
    /// <param name="world">All ranks.</param>
    /// <param name="last">Whether the step was the run's last.</param>
    public static AfterStep Conclude(bool regroup, bool stop, long leavers, int world, bool last) =>
        last ? AfterStep.Finish : stop ? AfterStep.Stop : leavers == world ? AfterStep.AllLeave : regroup ? AfterStep.Regroup : AfterStep.Continue;

    /// <summary>Agrees on where a generation begins.</summary>
    /// <param name="reports">One per rank.</param>
    /// <param name="restore">Whether the plan says to look at checkpoints.</param>
    /// <exception cref="LoopedException">The ranks have different recipes.</exception>
    public static Agreement Agree(IReadOnlyList<RankReport> reports, bool restore)
    {
        ArgumentNullException.ThrowIfNull(reports);
        if (reports.Any(r => r.RecipeIdentity != reports[0].RecipeIdentity))
            throw new LoopedException("The members of a generation have different recipes; start every worker from the same seed.");
        long highest = reports.Where(r => r.HasState).Select(r => r.Step).DefaultIfEmpty(-1).Max();
        RankReport[] ahead = [.. reports.Where(r => r.HasState && r.Step == highest)];
        bool alarm = ahead.Any(r => r.StateHash != ahead[0].StateHash);
        if (alarm || highest < 0 || (restore && reports[0].Checkpoint > highest))
            return new Agreement(true, 0, [.. reports.Select((_, rank) => rank > 0)], alarm);
        int donor = reports.Index().First(r => r.Item.HasState && r.Item.Step == highest).Index;
        return new Agreement(false, donor, [.. reports.Select(r => !r.HasState || r.Step < highest)], false);
    }

    /// <summary>Whether what a rank holds counts in a generation: the plan is authoritative.</summary>
    public static bool KeepsHeld(RankState state, GenerationPlan plan, Agreement agreement)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(agreement);
        int rank = plan.RankOf(state.Worker);
        return plan.First is { } first && !agreement.Restore && !agreement.Behind[rank]
            && state.HasState && state.Step == plan.BaseStep && state.StateHash == plan.BaseHash && state.Held.All(first[rank].Contains);
    }

    /// <summary>The plan came up.</summary>
    public static RankState Up(RankState state, GenerationPlan plan, long step, IReadOnlyList<int> held) => state with
    {
        Activity = RankActivity.Running,
        InForce = plan,
        Candidate = state.Candidate is { } candidate && candidate.Id > plan.Id ? candidate : null,
        Lost = [],
        HasState = true,
        Step = step,
        StateHash = null,
        Held = held,
    };

    /// <summary>The plan did not come up.</summary>
    /// <param name="state">The rank.</param>
    /// <param name="plan">The plan.</param>
    /// <param name="culprits">Ranks of it that could not be reached.</param>
    /// <param name="stillRunning">Whether the generation before is whole and goes on.</param>
    public static RankState NotUp(RankState state, GenerationPlan plan, IReadOnlyList<int> culprits, bool stillRunning) => state with
    {
        Activity = stillRunning ? RankActivity.Running : RankActivity.Idle,
        Candidate = state.Candidate is { } candidate && candidate.Id > plan.Id ? candidate : null,
        Failed = state.Failed is { } failed && failed > plan.Id ? failed : plan.Id,
        Culprits = [.. culprits.Where(rank => rank < plan.Generation.WorldSize).Select(rank => plan.Generation.Members[rank])],
    };

    /// <summary>The communicator in force is known to be broken; the training thread has yet to come to rest.</summary>
    public static RankState Break(RankState state, IReadOnlyList<int> lost) => state.Activity != RankActivity.Running || state.InForce is not { } plan ? state : state with
    {
        Activity = RankActivity.Breaking,
        Lost = [.. lost.Where(rank => rank < plan.Generation.WorldSize).Select(rank => plan.Generation.Members[rank])],
    };

    /// <summary>The training thread is at rest after a loss.</summary>
    public static RankState Rest(RankState state, long step, string stateHash, IReadOnlyList<int> held) => state with
    {
        Activity = RankActivity.Idle,
        HasState = true,
        Step = step,
        StateHash = stateHash,
        Held = held,
        // A hand-over of the broken generation cannot happen any more.
        Candidate = WantsRegroup(state) ? null : state.Candidate,
    };
}
