using Looped.Actors.Supervision;

namespace Looped.Actors.Tests.Rules;

/// <summary>What the supervisor does when members are lost. Each test is the guard of a rule in docs/recovery.md.</summary>
public class LossTests
{
    [Fact]
    public void Survivors_go_on_at_once_without_a_member_that_a_peer_names_as_lost()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a", "b", "c").Rests("a", lost: ["c"]);
        Assert.Null(talk.Plan); // b may still hold something
        talk.Rests("b", lost: ["c"]);
        Assert.Equal(["a", "b"], talk.Plan!.Generation.Members);
        Assert.Null(talk.Plan.After);
    }

    [Fact]
    public void The_first_rank_after_a_loss_has_committed_the_last_step_and_can_write_its_line()
    {
        TalkingWorkers talk = TalkingWorkers.Running(6, "a", "b", "c", "d")
            .Rests("a", step: 9, hash: "h9", lost: ["d"]).Rests("b", step: 9, hash: "h9", lost: ["d"]).Rests("c", step: 10, hash: "h10", lost: ["d"]);
        Assert.Equal(["c", "a", "b"], talk.Plan!.Generation.Members);
    }

    [Fact]
    public void A_newcomer_has_to_reach_only_members_that_have_been_heard_of_lately()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a", "b");
        Assert.Equal(["a", "b"], Planning.Reachable(talk.State, talk.Now));
        talk.AfterHearing(1.1 * talk.Settings.LostAfter.TotalSeconds, "a");
        Assert.Equal(["a"], Planning.Reachable(talk.State, talk.Now));
        // Nobody is left: whoever comes then must be let in to restore the last checkpoint.
        talk.After(1.1 * talk.Settings.LostAfter.TotalSeconds);
        Assert.Empty(Planning.Reachable(talk.State, talk.Now));
    }

    [Fact]
    public void A_member_that_nobody_names_has_a_moment_to_answer()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a", "b").After(1).Rests("a");
        Assert.Null(talk.Plan);
        talk.After(1.1 * talk.Settings.AnswerWindow.TotalSeconds);
        Assert.Equal(["a"], talk.Plan!.Generation.Members);
    }

    [Fact]
    public void A_member_that_has_ended_has_nothing_more_to_answer()
    {
        // A supervisor that just started is patient with those who have yet to find it; this one has found it, and left in a hurry.
        var talk = new TalkingWorkers(4);
        talk.Idle("a", "b");
        talk.Runs(talk.Plan!, "a", "b").Says("b", s => s with { Activity = RankActivity.Ended, Leaving = true }).AfterHearing(1, "a").Rests("a");
        Assert.Equal(["a"], talk.Plan!.Generation.Members);
    }

    [Fact]
    public void A_survivor_in_the_middle_of_a_micro_batch_is_waited_for()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a", "b", "c").Rests("a", lost: ["c"])
            .Says("b", s => s with { Activity = RankActivity.Breaking }).AfterHearing(1, "b").After(1);
        Assert.Null(talk.Plan);
        Assert.Equal(["a", "b"], talk.Rests("b").Plan!.Generation.Members);
    }

    [Fact]
    public void A_survivor_that_falls_silent_in_its_micro_batch_is_not_waited_for_for_ever()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a", "b").Says("b", s => s with { Activity = RankActivity.Breaking }).AfterHearing(3, "a").Rests("a");
        talk.AfterHearing(3, "a");
        Assert.Equal(["a"], talk.Plan!.Generation.Members);
    }

    [Fact]
    public void Survivors_keep_what_they_hold_and_share_what_the_dead_one_held()
    {
        TalkingWorkers talk = TalkingWorkers.Running(6, "a", "b", "c").Rests("a", held: [0, 1], lost: ["c"]).Rests("b", held: [2], lost: ["c"]);
        GenerationPlan plan = talk.Plan!;
        Assert.Equal((3, "h3"), (plan.BaseStep, plan.BaseHash));
        Assert.Superset(new HashSet<int> { 0, 1 }, plan.First![0].ToHashSet());
        Assert.Superset(new HashSet<int> { 2 }, plan.First[1].ToHashSet());
        Assert.Equal(Enumerable.Range(0, 6), plan.First.SelectMany(m => m).Order());
    }

    [Theory, InlineData(2, "h2"), InlineData(2, "h3"), InlineData(3, "another")]
    public void What_a_survivor_holds_of_another_state_does_not_count(long step, string hash)
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a", "b", "c").Rests("a", held: [0], lost: ["c"]).Rests("b", step, hash, [3], ["c"]);
        GenerationPlan plan = talk.Plan!;
        Assert.Equal(3, plan.BaseStep);
        Assert.Contains(0, plan.First![0]);
        Assert.Equal(plan.First[0].Count, plan.First[1].Count); // nothing is reserved for b
        Assert.DoesNotContain(3, plan.First[1].Take(1));
    }

    [Fact]
    public void A_micro_batch_that_two_survivors_hold_is_computed_anew()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a", "b", "c").Rests("a", held: [0], lost: ["c"]).Rests("b", held: [0], lost: ["c"]);
        Assert.Null(talk.Plan!.First);
    }

    [Fact]
    public void A_worker_that_waits_is_taken_when_a_member_is_lost()
    {
        TalkingWorkers talk = TalkingWorkers.Running(2, "a", "b").Idle("spare").Rests("a", lost: ["b"]);
        Assert.Equal(["a", "spare"], talk.Plan!.Generation.Members);
    }

    [Fact]
    public void A_worker_with_notice_is_left_out_of_the_repair()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a", "b", "c").Says("b", s => s with { Leaving = true }).Rests("a", lost: ["c"]).Rests("b", lost: ["c"]);
        Assert.Equal(["a"], talk.Plan!.Generation.Members);
    }

    [Fact]
    public void A_worker_with_notice_is_kept_if_nobody_else_has_the_state()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a", "b").Says("a", s => s with { Leaving = true }).Rests("a", lost: ["b"]);
        Assert.Equal(["a"], talk.Plan!.Generation.Members);
    }

    [Fact]
    public void When_all_are_lost_a_newcomer_waits_for_the_lease_before_a_checkpoint_is_restored()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a", "b");
        talk.After(1.1 * talk.Settings.Lease.TotalSeconds).Idle("new");
        Assert.Null(talk.Plan);
        talk.AfterHearing(1.1 * talk.Settings.Lease.TotalSeconds, "new");
        Assert.Equal(["new"], talk.Plan!.Generation.Members);
        Assert.True(talk.Plan.Restore);
    }

    [Fact]
    public void When_all_have_left_nobody_waits_for_the_lease()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a");
        talk.Says("a", s => s with { Activity = RankActivity.Ended, Leaving = true, Outcome = RunOutcome.Interrupted }).Idle("new").AfterHearing(0.6, "new");
        Assert.Equal(["new"], talk.Plan!.Generation.Members);
    }

    [Fact]
    public void A_member_that_was_only_silent_comes_back_with_its_state_within_the_lease()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a");
        GenerationPlan plan = talk.State.Current!;
        talk.After(11).Idle("new").Runs(plan, "a").After(0.1);
        Assert.Equal(plan, talk.State.Current);
    }

    [Fact]
    public void A_generation_that_broke_before_anybody_said_that_it_runs_was_up_all_the_same()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a").Idle("new");
        GenerationPlan second = talk.Plan!;
        talk.After(1).Says("a", s => s with { Activity = RankActivity.Idle, InForce = second.Id, Seen = second.Id, Step = 5, StateHash = "h5", Lost = ["new"] });
        Assert.Equal(["a"], talk.Plan!.Generation.Members);
    }

    [Fact]
    public void A_member_that_forms_another_plan_has_left_its_generation()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a");
        GenerationPlan given = talk.State.Current! with { Generation = talk.State.Current!.Generation with { Number = 9 } };
        talk.Says("a", s => s with { Activity = RankActivity.Forming, HasState = true, Step = 3, StateHash = "h3", Seen = given.Id });
        Assert.Equal(["a"], talk.Plan!.Generation.Members);
    }

    [Fact]
    public void A_plan_that_does_not_come_up_in_time_is_given_up_and_made_again_for_those_who_wait_for_it()
    {
        var talk = new TalkingWorkers();
        talk.Idle("a", "b");
        GenerationPlan first = talk.Plan!;
        talk.Says("a", s => s with { Activity = RankActivity.Forming, Seen = first.Id });
        for (int second = 0; second < 18; second++) talk.AfterHearing(1, "a");
        Assert.Equal(["a"], talk.Plan!.Generation.Members);
        Assert.True(talk.Plan.Id > first.Id);
    }
}
