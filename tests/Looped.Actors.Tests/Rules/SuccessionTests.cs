using Looped.Actors.Supervision;
using Looped.Models;

namespace Looped.Actors.Tests.Rules;

/// <summary>What a successor knows, and how runs end. Each test is the guard of a rule in docs/recovery.md.</summary>
public class SuccessionTests
{
    private static readonly GenerationPlan Planned = TalkingWorkers.Running(4, "a", "b").State.Current!;

    private static TalkingWorkers Successor() => new(term: 2, known: Planned);

    [Fact]
    public void A_successor_takes_a_running_generation_over_and_changes_nothing()
    {
        TalkingWorkers talk = Successor().Runs(Planned, "a", "b");
        Assert.Equal(Planned, talk.State.Current);
        for (int second = 0; second < 30; second++) talk.AfterHearing(1, "a", "b");
        Assert.Equal((Planned, null), (talk.State.Current, talk.Plan));
    }

    [Fact]
    public void A_successor_waits_for_members_that_have_yet_to_find_it()
    {
        TalkingWorkers talk = Successor().Says("a", s => s with { InForce = Planned.Id, HasState = true, StateHash = "h0" }).AfterHearing(1, "a");
        Assert.Null(talk.Plan);
        Assert.Equal(["a", "b"], talk.Says("b", s => s with { InForce = Planned.Id }).Plan!.Generation.Members);
    }

    [Fact]
    public void A_successor_that_finds_nobody_waits_for_the_lease_before_newcomers_take_over()
    {
        TalkingWorkers talk = Successor().Idle("new").AfterHearing(5, "new");
        Assert.Null(talk.Plan);
        talk.AfterHearing(6, "new");
        Assert.True(talk.Plan!.Restore);
    }

    private static readonly GenerationPlan NotKept = Planned with { Generation = Planned.Generation with { Number = Planned.Id.Number + 1 } };

    [Fact]
    public void A_successor_asks_for_the_plan_of_a_generation_that_the_run_folder_does_not_tell_of_and_begins_none_beside_it()
    {
        TalkingWorkers talk = Successor().Idle("new").Runs(NotKept, "a", "b");
        Assert.Equal([new AskForPlan("b")], talk.Commands.OfType<AskForPlan>());
        for (int second = 0; second < 30; second++) talk.AfterHearing(1, "a", "b", "new");
        Assert.Equal((null, null), (talk.State.Current, talk.Plan));

        talk.Happens(new PlanHeard(NotKept, talk.Now));
        Assert.Equal(NotKept, talk.State.Current);
        Assert.Equal(["a", "b", "new"], talk.AfterHearing(1, "a", "b", "new").Plan!.Generation.Members);
        Assert.Equal(new GenerationId(2, NotKept.Id.Number + 1), talk.Plan!.Id);
    }

    [Fact]
    public void A_worker_that_slept_through_later_generations_is_not_asked_for_its_plan()
    {
        GenerationPlan old = Planned with { Generation = Planned.Generation with { Number = Planned.Id.Number - 1 } };
        TalkingWorkers talk = Successor().Runs(old, "a");
        Assert.Empty(talk.Commands.OfType<AskForPlan>());
        talk.Happens(new PlanHeard(old, talk.Now));
        Assert.Null(talk.State.Current);
    }

    [Fact]
    public void A_plan_that_finds_no_room_is_kept_later_in_its_turn_and_people_are_told_once()
    {
        var memory = new SmallMemory { Full = true };
        var told = new List<string>();
        var keeper = new PlanKeeper(memory, told.Add);
        keeper.Keep(Planned);
        keeper.Keep(NotKept);
        keeper.Retry();
        Assert.Empty(memory.Kept);
        Assert.Contains("Training goes on", Assert.Single(told), StringComparison.Ordinal);

        memory.Full = false;
        keeper.Retry();
        keeper.Retry();
        Assert.Equal([Planned, NotKept], memory.Kept);
    }

    private sealed class SmallMemory : ISupervisorMemory
    {
        public bool Full { get; set; }

        public List<GenerationPlan> Kept { get; } = [];

        public long ClaimTerm() => 1;

        public long HighestTerm() => 1;

        public IReadOnlyList<GenerationPlan> Plans() => Kept;

        public void Keep(GenerationPlan plan)
        {
            if (Full) throw new LoopedException("the disk or the quota is full.");
            Kept.Add(plan);
        }
    }

    [Fact]
    public void Generations_of_a_successor_have_its_term_and_go_on_counting()
    {
        TalkingWorkers talk = Successor().Runs(Planned, "a", "b").Idle("c");
        Assert.Equal(new GenerationId(2, Planned.Id.Number + 1), talk.Plan!.Id);
    }

    [Fact]
    public void A_run_is_over_when_a_worker_says_that_it_is_finished_and_everybody_is_told_as_often_as_needed()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a", "b").Says("a", s => s with { Outcome = RunOutcome.Finished, Step = 7 });
        Assert.Equal((RunOutcome.Finished, 7), (talk.State.Ended!.Outcome, talk.State.Ended.Step));
        Assert.Equal(["a", "a", "b"], talk.Commands.OfType<TellOver>().Select(t => t.Worker).Order());
        Assert.Single(talk.Idle("late").Commands.OfType<TellOver>());
    }

    [Fact]
    public void A_stop_is_asked_of_everybody_until_rank_0_has_written_the_last_checkpoint()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a", "b");
        talk.Happens(new StopAsked("because", talk.Now));
        Assert.Equal(["a", "b"], talk.Commands.OfType<AskToStop>().Select(a => a.Worker));
        Assert.Single(talk.Says("b", s => s).Commands.OfType<AskToStop>());
        Assert.Null(talk.Idle("new").Plan); // nobody joins a run that stops
        talk.Says("a", s => s with { Outcome = RunOutcome.Interrupted, Step = 4 });
        Assert.Equal((RunOutcome.Interrupted, "because"), (talk.State.Ended!.Outcome, talk.State.Ended.Reason));
    }

    [Fact]
    public void A_stop_is_complete_with_the_last_checkpoint_even_if_rank_0_has_notice()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a", "b");
        talk.Happens(new StopAsked("because", talk.Now)).Says("a", s => s with { Leaving = true, Outcome = RunOutcome.Interrupted, Step = 4 });
        Assert.Equal((RunOutcome.Interrupted, 4), (talk.State.Ended?.Outcome, talk.State.Ended?.Step));
    }

    [Fact]
    public void A_successor_that_nobody_asked_believes_a_member_that_the_run_was_stopped()
    {
        TalkingWorkers talk = Successor().Runs(Planned, "a", "b").Says("b", s => s with { Outcome = RunOutcome.Interrupted });
        Assert.Equal(RunOutcome.Interrupted, talk.State.Ended?.Outcome);
    }

    [Fact]
    public void A_worker_that_leaves_does_not_end_the_run()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a", "b");
        talk.Says("b", s => s with { Leaving = true, Activity = RankActivity.Ended, Outcome = RunOutcome.Interrupted });
        Assert.Null(talk.State.Ended);
    }

    [Fact]
    public void One_failed_worker_is_a_loss_and_only_all_of_them_fail_the_run()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a", "b");
        talk.Says("a", s => s with { Activity = RankActivity.Ended, Outcome = RunOutcome.Failed, Error = "no memory" });
        Assert.Null(talk.State.Ended);
        talk.Says("b", s => s with { Activity = RankActivity.Ended, Outcome = RunOutcome.Failed, Error = "no memory" });
        Assert.Equal((RunOutcome.Failed, "no memory"), (talk.State.Ended!.Outcome, talk.State.Ended.Reason));
    }

    [Fact]
    public void Who_has_ended_is_forgotten_once_it_is_in_no_generation()
    {
        TalkingWorkers talk = TalkingWorkers.Running(2, "a", "b").Says("c", s => s with { Activity = RankActivity.Ended });
        talk.AfterHearing(6, "a", "b").After(0);
        Assert.Equal(["a", "b"], talk.State.Workers.Keys);
    }
}
