using Looped.Actors.Supervision;
using Looped.Actors.Training;

namespace Looped.Actors.Tests.Simulation;

/// <summary>The training thread, line by line as RankRunner, Formation and TrainingLoop.</summary>
internal sealed partial class SimWorker
{
    private long _durable = -1;
    private bool _recorder;

    private async Task Live()
    {
        await Busy(Run.Choices.Time(0.02, 0.2), "rehearsal");
        Update(state => state with { Activity = RankActivity.Idle });
        while (true)
        {
            RankState state = await WaitFor(s => RankLogic.CanForm(s) || RankLogic.MayGo(s));
            if (RankLogic.MayGo(state))
            {
                Leave();
                return;
            }
            GenerationPlan plan = state.Candidate!;
            if (await Form(plan) is { } collective && await Train(collective, plan)) return;
        }
    }

    private async Task<SimCollective.End?> Form(GenerationPlan plan)
    {
        Update(state => state with { Activity = RankActivity.Forming });
        (SimCollective.End? collective, IReadOnlyList<int> culprits) = await TryForm(plan, plan.After is not null ? TimeSpan.FromDays(1) : Run.Options.Formation);
        if (collective is not null) return collective;
        bool has = State.HasState;
        Update(state => RankLogic.NotUp(state, plan, culprits, stillRunning: false) with { StateHash = has ? Replica.Hash : null, Held = has ? MyHeld() : [] });
        return null;
    }

    private async Task<(SimCollective.End?, IReadOnlyList<int>)> TryForm(GenerationPlan plan, TimeSpan deadline)
    {
        SimCollective.End end = Run.CollectiveOf(plan).Open(this, plan.RankOf(Name), deadline);
        _ends.Add(end);
        Watcher given = Watch(s => s.Candidate?.Id > plan.Id || s.Released || s.Hurry, end.Abort);
        try
        {
            await end.AllGather("join", 0);
            await Check(end, plan);
            return (end, []);
        }
        catch (BrokenException e)
        {
            end.Abort();
            Close(end);
            return (null, e.Lost.Count > 0 ? e.Lost : end.Lost);
        }
        finally
        {
            Forget(given);
        }
    }

    private async Task Check(SimCollective.End collective, GenerationPlan plan)
    {
        RankState state = State;
        (long Step, ulong State)? checkpoint = plan.Restore && collective.Rank == 0 ? Run.Storage.LoadNewest() : null;
        var mine = new RankReport(state.HasState, state.HasState ? Replica.Step : -1, state.HasState ? Replica.Hash : "", "recipe", checkpoint?.Step ?? -1);
        RankReport[] reports = await collective.AllGather("reports", mine);
        Agreement agreement = RankLogic.Agree(reports, plan.Restore);
        Run.Require(!agreement.Alarm, $"an alarm in generation {plan.Id}, though no bit ever flipped");
        if (!RankLogic.KeepsHeld(state with { StateHash = mine.StateHash, Step = Replica.Step, Held = MyHeld() }, plan, agreement)) Replica.Drop();
        if (agreement.Restore && collective.Rank == 0)
        {
            if ((checkpoint ?? Run.Storage.LoadNewest()) is { } restored) Replica.Set(restored.Step, restored.State);
            else Replica.Reinitialize();
        }
        if (agreement.Behind.Contains(true)) await Copy(collective, agreement);
        Note(s => s with { HasState = true, Step = Replica.Step });
    }

    private async Task Copy(SimCollective.End collective, Agreement agreement)
    {
        bool take = agreement.Behind[collective.Rank];
        if (take) Note(s => s with { HasState = false, StateHash = null });
        (long Step, ulong State)[] first = await collective.AllGather("copy, first half", (Replica.Step, Replica.State));
        if (take) Replica.Tear(first[agreement.Donor].State);
        (long Step, ulong State)[] second = await collective.AllGather("copy, second half", (Replica.Step, Replica.State));
        if (take) Replica.Set(second[agreement.Donor].Step, second[agreement.Donor].State);
        string[] hashes = await collective.AllGather("verify", Replica.Hash);
        Run.Require(hashes.All(h => h == hashes[agreement.Donor]), "a copy is not exact");
    }

    private async Task<bool> Train(SimCollective.End collective, GenerationPlan plan)
    {
        try
        {
            Enter(collective, plan);
            bool resting = true;
            while (true)
            {
                SimCollective.End followed = collective;
                GenerationPlan current = plan;
                followed.OnBroken = () => Update(state => state.InForce?.Id == current.Id ? RankLogic.Break(state, followed.Lost) : state);
                if (followed.Broken) followed.OnBroken();
                Watcher hurried = Watch(s => s.Hurry, followed.Abort);
                SimCollective.End? fresh;
                GenerationPlan next;
                try
                {
                    AfterStep after = await Steps(collective, plan, resting);
                    if (after != AfterStep.Regroup) return await Conclude(collective, after);
                    next = await ReceiveTogether(collective);
                    (fresh, bool leave) = await HandOver(collective, next);
                    if (leave) return Leave();
                }
                finally
                {
                    Forget(hurried);
                }
                followed.OnBroken = () => { };
                resting = false;
                if (fresh is not null)
                {
                    Close(collective);
                    (collective, plan) = (fresh, next);
                }
                Enter(collective, plan);
            }
        }
        catch (BrokenException)
        {
            collective.Abort();
            IReadOnlyList<int> lost = collective.Lost;
            Update(state => RankLogic.Break(state, lost));
            if (State.Hurry) return Leave();
            await Busy(Run.Choices.Time(0.001, 0.05), "hash");
            Update(state => RankLogic.Rest(state, Replica.Step, Replica.Hash, MyHeld()));
            return false;
        }
        finally
        {
            Close(collective);
        }
    }

    private async Task<AfterStep> Steps(SimCollective.End collective, GenerationPlan plan, bool resting)
    {
        bool last = Replica.Step >= Run.Options.Steps;
        if (resting) AtRest(last);
        if (last) return AfterStep.Finish;
        while (true)
        {
            await ComputeMine(collective, plan);
            RankState state = State;
            var control = (Regroup: RankLogic.WantsRegroup(state), Stop: state.StopReason is not null, state.Leaving);
            Tag[][] sums = await collective.AllGather("sums", Replica.Held.ToArray());
            (bool Regroup, bool Stop, bool Leaving)[] controls = await collective.AllGather("control", control);
            Run.CheckSums(this, plan, sums, Replica.Step);
            Replica.Commit(sums.SelectMany(s => s));
            Run.Committed(this, collective);
            AfterStep after = RankLogic.Conclude(controls.Any(c => c.Regroup), controls.Any(c => c.Stop), controls.Count(c => c.Leaving),
                collective.World, Replica.Step >= Run.Options.Steps);
            Note(s => s with { Step = Replica.Step, SecondsPerMicroBatch = 0.05 });
            AtRest(after is AfterStep.Finish or AfterStep.Stop or AfterStep.AllLeave);
            if (after != AfterStep.Continue) return after;
        }
    }

    private async Task ComputeMine(SimCollective.End collective, GenerationPlan plan)
    {
        foreach (int index in plan.AssignmentOf(Replica.Step)[collective.Rank])
        {
            if (Replica.Held.Exists(t => t.MicroBatch == index)) continue;
            if (collective.Broken || State.Hurry) throw new BrokenException([]);
            await Busy(Run.Choices.Time(0.03, 0.08), $"micro-batch {index} of step {Replica.Step}");
            Replica.Compute(index);
            Run.Computed++;
        }
    }

    private void Enter(SimCollective.End collective, GenerationPlan plan)
    {
        Run.Entered(this, plan);
        _recorder = collective.Rank == 0;
        if (_recorder) _durable = Run.Storage.Durable;
        Update(state => RankLogic.Up(state, plan, Replica.Step, []));
    }

    private async Task<GenerationPlan> ReceiveTogether(SimCollective.End collective)
    {
        RankState state = State;
        GenerationPlan? mine = RankLogic.WantsRegroup(state) ? state.Candidate : null;
        GenerationPlan?[] plans = await collective.AllGather("plans", mine);
        GenerationPlan next = plans.OfType<GenerationPlan>().MaxBy(p => p.Id)!;
        await collective.AllGather("plan", 0);
        Note(s => RankLogic.Receive(s, next));
        return next;
    }

    private async Task<(SimCollective.End? Fresh, bool Leave)> HandOver(SimCollective.End old, GenerationPlan next)
    {
        bool stays = next.RankOf(Name) >= 0;
        SimCollective.End? fresh = null;
        IReadOnlyList<int>? culprits = null;
        if (stays)
        {
            (fresh, IReadOnlyList<int> named) = await TryForm(next, Run.Options.Formation);
            if (fresh is null) culprits = named;
        }
        bool failed;
        try
        {
            failed = (await old.AllGather("verdict", culprits is null)).Contains(false);
        }
        catch (BrokenException) when (fresh is not null)
        {
            failed = false;
        }
        catch
        {
            Update(state => RankLogic.NotUp(state, next, culprits ?? [], stillRunning: true));
            throw;
        }
        if (!failed) return (fresh, !stays);
        if (fresh is not null)
        {
            fresh.Abort();
            Close(fresh);
        }
        Update(state => RankLogic.NotUp(state, next, culprits ?? [], stillRunning: true));
        return (null, false);
    }

    private async Task<bool> Conclude(SimCollective.End collective, AfterStep after)
    {
        RunOutcome outcome = after == AfterStep.Finish ? RunOutcome.Finished : RunOutcome.Interrupted;
        bool recorder = collective.Rank == 0;
        if (after == AfterStep.AllLeave)
        {
            Close(collective);
            End(outcome);
            return true;
        }
        if (recorder) Ended(outcome);
        Watcher over = Watch(s => s.Released || s.Hurry, collective.Abort);
        try
        {
            // Over the communicator, because the supervisor may be gone: rank 0's last checkpoint is on disk. If it dies before, another writes it.
            if (recorder) await WaitFor(s => s.Outcome is not null || s.Released || s.Hurry || s.Activity != RankActivity.Running);
            await collective.AllGather("the last checkpoint is on disk", 0);
        }
        catch (BrokenException) when (State.Released || State.Hurry)
        {
            // Nobody waits for this rank.
        }
        finally
        {
            Forget(over);
        }
        if (!recorder) Ended(outcome);
        await WaitFor(s => s.Released || s.Hurry);
        Update(s => s with { Activity = RankActivity.Ended, StateHash = null });
        return true;
    }

    private bool Leave()
    {
        if (RankLogic.IsLastInHurry(State)) AtRest(last: true);
        End(RunOutcome.Interrupted);
        return true;
    }

    private void End(RunOutcome outcome)
    {
        Update(state => state with { Activity = RankActivity.Ended, StateHash = null, Step = Replica.Step });
        Ended(outcome);
    }

    private void Close(SimCollective.End end)
    {
        end.Dispose();
        _ends.Remove(end);
    }

    private int[] MyHeld() => [.. Replica.Held.Select(t => t.MicroBatch).Order()];
}
