using Looped.Actors.Collectives;
using Looped.Actors.Supervision;
using Looped.Actors.Telemetry;
using Looped.Models;
using Looped.Models.Optimization;

namespace Looped.Actors.Training;

/// <summary>
/// The life of a rank on its training thread: wait for a plan, form its generation, run its steps, hand over or recover, until the run
/// is over for it. Decisions are those of <see cref="RankLogic"/>; the actor system is not needed between two plans.
/// </summary>
public sealed class RankRunner(RunEnvironment environment, IGenerationNetwork network, RankInbox inbox, BatchQueue batches, ITrainingObserver observer,
    RankTelemetry telemetry)
{
    /// <summary>Runs to the end. The replica is fresh or restored.</summary>
    public void Run(Replica replica)
    {
        ArgumentNullException.ThrowIfNull(replica);
        inbox.Update(state => state with { Activity = RankActivity.Idle });
        telemetry.Time.Enter(TimeKind.Idle);
        while (true)
        {
            RankState state = inbox.WaitFor(s => RankLogic.CanForm(s) || RankLogic.MayGo(s));
            if (RankLogic.MayGo(state))
            {
                Leave(replica);
                return;
            }
            telemetry.Recovery.Planned();
            GenerationPlan plan = state.Candidate!;
            if (Form(replica, plan) is { } collective && Train(replica, collective, plan)) return;
        }
    }

    private ICollective? Form(Replica replica, GenerationPlan plan)
    {
        inbox.Update(state => state with { Activity = RankActivity.Forming });
        // A newcomer to a hand-over waits for the end of a step, however long that is; a newer plan or a release ends the wait.
        bool newcomer = plan.After is not null;
        IReadOnlyList<int>? culprits = TryForm(replica, plan, newcomer ? TimeSpan.FromDays(1) : environment.Timeouts.Formation, out ICollective? collective);
        if (culprits is null) return collective;
        bool has = inbox.State.HasState;
        if (!has) telemetry.Time.Enter(TimeKind.Idle);
        string? hash = has ? replica.StateHash() : null;
        inbox.Update(state => RankLogic.NotUp(state, plan, culprits, stillRunning: false) with { StateHash = hash, Held = has ? [.. replica.Held] : [] });
        return null;
    }

    /// <summary>Connects and checks. Null if the generation is up; else the ranks that kept it from coming up.</summary>
    private IReadOnlyList<int>? TryForm(Replica replica, GenerationPlan plan, TimeSpan deadline, out ICollective? collective)
    {
        collective = null;
        using RankInbox.Watch given = inbox.CancelWhen(s => s.Candidate?.Id > plan.Id || s.Released || s.Hurry);
        try
        {
            collective = network.Join(plan, plan.RankOf(inbox.State.Worker), deadline, given.Token);
            telemetry.Recovery.Connected();
            // A newcomer waits for the end of a step before it is let in, and copies the state then.
            if (!inbox.State.HasState) telemetry.Time.Enter(TimeKind.Startup);
            ICollective joined = collective;
            using CancellationTokenRegistration abort = given.Token.Register(joined.Abort);
            new Formation(environment, replica, inbox, observer, telemetry).Check(collective, plan);
            telemetry.Recovery.Copied();
            return null;
        }
        catch (Exception e) when (e is CollectiveBrokenException or OperationCanceledException)
        {
            IReadOnlyList<int> lost = e is CollectiveBrokenException { Lost: { Count: > 0 } named } ? named : collective?.Lost ?? [];
            collective?.Abort();
            collective?.Dispose();
            collective = null;
            return lost;
        }
    }

    /// <summary>Runs generations until one breaks (false: the replica is at rest) or the run is over for this rank (true).</summary>
    private bool Train(Replica replica, ICollective collective, GenerationPlan plan)
    {
        try
        {
            Enter(replica, collective, plan);
            bool resting = true;
            while (true)
            {
                ICollective? fresh;
                GenerationPlan next;
                using (Follow(collective, plan))
                using (RankInbox.Watch hurry = inbox.CancelWhen(s => s.Hurry))
                using (hurry.Token.Register(collective.Abort)) // it may be waiting for a slower peer
                {
                    AfterStep after = Step(replica, collective, plan, resting);
                    if (after != AfterStep.Regroup)
                    {
                        telemetry.Time.End();
                        return Conclude(replica, collective, after);
                    }
                    telemetry.Time.Enter(TimeKind.Recovery);
                    next = Receive(collective);
                    fresh = HandOver(replica, collective, next, out bool leave);
                    if (leave) return Leave(replica);
                }
                resting = false;
                if (fresh is not null)
                {
                    collective.Dispose();
                    (collective, plan) = (fresh, next);
                }
                Enter(replica, collective, plan);
            }
        }
        catch (Exception e) when (e is CollectiveBrokenException or OperationCanceledException)
        {
            telemetry.Broke();
            collective.Abort();
            IReadOnlyList<int> lost = collective.Lost;
            inbox.Update(state => RankLogic.Break(state, lost));
            if (inbox.State.Hurry)
            {
                telemetry.Drop(replica.Held.Count, inbox.State.SecondsPerMicroBatch, "preempted");
                return Leave(replica);
            }
            string hash = replica.StateHash();
            telemetry.Recovery.Rest(inbox.State.Lost);
            inbox.Update(state => RankLogic.Rest(state, replica.Step, hash, [.. replica.Held.Order()]));
            return false;
        }
        finally
        {
            collective.Dispose();
        }
    }

    private AfterStep Step(Replica replica, ICollective collective, GenerationPlan plan, bool resting)
    {
        using var loop = new TrainingLoop(environment, replica, collective, plan, batches, inbox, observer, telemetry);
        return loop.Run(resting);
    }

    /// <summary>Tells everybody at once, from whatever thread notices, that the communicator is gone.</summary>
    private CancellationTokenRegistration Follow(ICollective collective, GenerationPlan plan) => collective.Broken.Register(() =>
    {
        telemetry.Recovery.Noticed();
        inbox.Update(state => state.InForce?.Id == plan.Id ? RankLogic.Break(state, collective.Lost) : state);
    });

    private void Enter(Replica replica, ICollective collective, GenerationPlan plan)
    {
        telemetry.Recovery.Begin();
        int[] first = [.. plan.AssignmentOf(replica.Step)[collective.Rank].Where(m => !replica.Held.Contains(m))];
        observer.Began(plan, collective.Rank, batches.Begin(), replica.Step, first, plan.Generation.Assignment[collective.Rank]);
        inbox.Update(state => RankLogic.Up(state, plan, replica.Step, []));
    }

    /// <summary>Gives the next plan to every rank over the communicator in force, whoever of them holds it.</summary>
    private GenerationPlan Receive(ICollective collective)
    {
        RankState state = inbox.State;
        GenerationPlan? mine = RankLogic.WantsRegroup(state) ? state.Candidate : null;
        long[][] held = collective.AllGather([mine?.Id.Term ?? -1, mine?.Id.Number ?? -1]);
        int holder = held.Index().MaxBy(h => (h.Item[0], h.Item[1], -h.Index)).Index;
        byte[] bytes = collective.BroadcastBytes(collective.Rank == holder ? PlanJson.Write(mine!) : null, holder);
        GenerationPlan next = PlanJson.Read(bytes);
        inbox.Note(s => RankLogic.Receive(s, next));
        return next;
    }

    /// <summary>
    /// Forms the next generation while the old communicator stays open. All members of the old one agree over it whether the next came up;
    /// if it did not, the old one goes on.
    /// </summary>
    private ICollective? HandOver(Replica replica, ICollective old, GenerationPlan next, out bool leave)
    {
        bool stays = next.RankOf(inbox.State.Worker) >= 0;
        ICollective? fresh = null;
        IReadOnlyList<int>? culprits = stays ? TryForm(replica, next, environment.Timeouts.Formation, out fresh) : null;
        bool failed;
        try
        {
            failed = old.AllGather([culprits is null ? 0 : 1]).Any(v => v[0] != 0);
        }
        catch (CollectiveBrokenException) when (fresh is not null)
        {
            // A member of the old one is gone; the new one does not need it, and if it does, that will show there.
            failed = false;
        }
        catch
        {
            inbox.Update(state => RankLogic.NotUp(state, next, culprits ?? [], stillRunning: true));
            throw;
        }
        leave = !failed && !stays;
        if (!failed) return fresh;
        fresh?.Abort();
        fresh?.Dispose();
        inbox.Update(state => RankLogic.NotUp(state, next, culprits ?? [], stillRunning: true));
        return null;
    }

    private bool Conclude(Replica replica, ICollective collective, AfterStep after)
    {
        RunOutcome outcome = after == AfterStep.Finish ? RunOutcome.Finished : RunOutcome.Interrupted;
        bool recorder = collective.Rank == 0;
        // Everybody goes; rank 0 alone has something left to do, for which it needs nobody.
        if (after == AfterStep.AllLeave) return Leave(replica);
        // Nobody goes before the last checkpoint is on disk: if rank 0 dies now, another writes it. Afterwards all know, with or without
        // a supervisor.
        if (recorder)
        {
            observer.Ended(outcome, replica.Step);
            RankState told = inbox.WaitFor(s => s.Outcome is not null || s.Released || s.Hurry || s.Activity != RankActivity.Running);
            if (told is { Outcome: RunOutcome.Failed, Error: { } error }) throw new LoopedException(error);
        }
        if (!Meet(collective)) throw new CollectiveBrokenException("A peer was lost before the last checkpoint was on disk.");
        if (!recorder) observer.Ended(outcome, replica.Step);
        inbox.WaitFor(s => s.Released || s.Hurry, environment.Timeouts.LastWord);
        inbox.Update(s => s with { Activity = RankActivity.Ended, StateHash = null });
        return true;
    }

    /// <summary>Waits for every rank; false if one is lost. A rank that was told that the run is over need not wait.</summary>
    private bool Meet(ICollective collective)
    {
        using RankInbox.Watch told = inbox.CancelWhen(s => s.Released || s.Hurry);
        using CancellationTokenRegistration abort = told.Token.Register(collective.Abort);
        try
        {
            collective.Barrier();
            return true;
        }
        catch (CollectiveBrokenException)
        {
            return inbox.State is { Released: true } or { Hurry: true };
        }
    }

    private bool Leave(Replica replica)
    {
        // Between two steps the state is whole, also when the next one is given up.
        if (RankLogic.IsLastInHurry(inbox.State)) observer.AtRest(replica, last: true);
        inbox.Update(state => state with { Activity = RankActivity.Ended, StateHash = null, Step = replica.Step });
        observer.Ended(RunOutcome.Interrupted, replica.Step);
        return true;
    }
}
