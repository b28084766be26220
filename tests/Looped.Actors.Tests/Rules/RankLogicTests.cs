using Looped.Actors.Supervision;
using Looped.Actors.Training;
using Looped.Models;

namespace Looped.Actors.Tests.Rules;

/// <summary>A rank's decisions. Each test is the guard of a rule in docs/recovery.md.</summary>
public class RankLogicTests
{
    private static readonly RankState Resting = new() { Worker = "a", Activity = RankActivity.Idle, HasState = true, Step = 3, StateHash = "h3", Held = [0, 1] };

    private static GenerationPlan Plan(long term, long number, GenerationId? after = null, params string[] members) => new(
        Generation.Even(term, number, members.Length == 0 ? ["a", "b"] : members, 4), ["", ""], after, -1, null, null, false);

    private static RankReport Report(long step, string hash = "h", bool has = true, string recipe = "r", long checkpoint = -1) => new(has, step, hash, recipe, checkpoint);

    [Fact]
    public void The_newest_plan_of_the_highest_term_counts()
    {
        RankState state = RankLogic.Receive(Resting, Plan(2, 5));
        Assert.Equal(new GenerationId(2, 5), state.Candidate?.Id);
        Assert.Same(state, RankLogic.Receive(state, Plan(2, 4))); // older
        Assert.Same(state, RankLogic.Receive(state, Plan(2, 5))); // again
        Assert.Same(state, RankLogic.Receive(state, Plan(1, 9))); // of a supervisor that was succeeded
        Assert.Equal(new GenerationId(2, 6), RankLogic.Receive(state, Plan(2, 6)).Candidate?.Id);
    }

    [Fact]
    public void Plans_of_lower_terms_are_refused_even_if_nothing_is_at_hand() =>
        Assert.Null(RankLogic.Receive(Resting with { Term = 3 }, Plan(2, 9)).Candidate);

    [Fact]
    public void A_plan_that_was_in_force_or_failed_is_not_taken_again()
    {
        Assert.Null(RankLogic.Receive(Resting with { InForce = Plan(1, 2) }, Plan(1, 2)).Candidate);
        Assert.Null(RankLogic.Receive(Resting with { Failed = new GenerationId(1, 2) }, Plan(1, 2)).Candidate);
    }

    [Fact]
    public void A_rank_at_rest_forms_a_plan_that_has_it_as_a_member()
    {
        Assert.True(RankLogic.CanForm(Resting with { Candidate = Plan(1, 2) }));
        Assert.False(RankLogic.CanForm(Resting with { Candidate = Plan(1, 2, null, "b") }));
        Assert.False(RankLogic.CanForm(Resting with { Candidate = Plan(1, 2), Activity = RankActivity.Running }));
    }

    [Theory, InlineData(1, 2, false), InlineData(1, 1, false), InlineData(1, 3, true)]
    public void A_hand_over_of_a_generation_that_broke_under_a_rank_or_before_is_not_formed_by_it(long term, long after, bool can) =>
        Assert.Equal(can, RankLogic.CanForm(Resting with { InForce = Plan(1, 2), Candidate = Plan(1, 4, new GenerationId(term, after)) }));

    [Fact]
    public void A_rank_asks_for_the_hand_over_of_its_own_generation_only()
    {
        RankState running = Resting with { Activity = RankActivity.Running, InForce = Plan(1, 2) };
        Assert.True(RankLogic.WantsRegroup(running with { Candidate = Plan(1, 3, new GenerationId(1, 2)) }));
        Assert.False(RankLogic.WantsRegroup(running with { Candidate = Plan(1, 3, new GenerationId(1, 1)) }));
        Assert.False(RankLogic.WantsRegroup(running with { Candidate = Plan(1, 3) }));
    }

    [Theory]
    [InlineData(true, true, 2, true, AfterStep.Finish)]
    [InlineData(true, true, 2, false, AfterStep.Stop)]
    [InlineData(true, false, 2, false, AfterStep.AllLeave)]
    [InlineData(true, false, 1, false, AfterStep.Regroup)]
    [InlineData(false, false, 1, false, AfterStep.Continue)]
    public void What_follows_a_step_is_read_from_what_all_ranks_see(bool regroup, bool stop, long leavers, bool last, AfterStep expected) =>
        Assert.Equal(expected, RankLogic.Conclude(regroup, stop, leavers, 2, last));

    [Fact]
    public void Those_behind_copy_from_the_first_rank_that_is_ahead()
    {
        Agreement agreement = RankLogic.Agree([Report(4), Report(0, has: false), Report(5, "h5"), Report(5, "h5")], restore: false);
        Assert.Equal((false, 2, false), (agreement.Restore, agreement.Donor, agreement.Alarm));
        Assert.Equal([true, true, false, false], agreement.Behind);
    }

    [Fact]
    public void A_rank_without_state_is_nobody_s_donor_however_high_its_step() =>
        Assert.Equal(1, RankLogic.Agree([Report(9, has: false), Report(5)], restore: false).Donor);

    [Fact]
    public void Equal_steps_with_unequal_hashes_raise_an_alarm_and_the_checkpoint_is_restored()
    {
        Agreement agreement = RankLogic.Agree([Report(5, "x"), Report(5, "y"), Report(5, "y")], restore: false);
        Assert.True(agreement is { Alarm: true, Restore: true, Donor: 0 });
        Assert.Equal([false, true, true], agreement.Behind);
    }

    [Theory, InlineData(7, true), InlineData(5, false), InlineData(-1, false)]
    public void A_checkpoint_is_restored_only_if_it_is_ahead_of_every_memory(long checkpoint, bool restored) =>
        Assert.Equal(restored, RankLogic.Agree([Report(3, checkpoint: checkpoint), Report(5)], restore: true).Restore);

    [Fact]
    public void Nobody_restores_while_the_plan_does_not_say_so() =>
        Assert.False(RankLogic.Agree([Report(3, checkpoint: 7), Report(5)], restore: false).Restore);

    [Fact]
    public void When_nobody_has_the_state_rank_0_begins_from_the_checkpoint_or_from_the_start() =>
        Assert.True(RankLogic.Agree([Report(0, has: false), Report(0, has: false)], restore: false) is { Restore: true, Donor: 0 });

    [Fact]
    public void Ranks_of_different_recipes_do_not_train_together() =>
        Assert.Throws<LoopedException>(() => RankLogic.Agree([Report(0), Report(0, recipe: "other")], restore: false));

    [Fact]
    public void What_a_rank_holds_counts_only_if_state_and_assignment_are_as_planned()
    {
        GenerationPlan plan = Plan(1, 3) with { BaseStep = 3, BaseHash = "h3", First = [[0, 1, 2], [3]] };
        var agreed = new Agreement(false, 0, [false, false], false);
        Assert.True(RankLogic.KeepsHeld(Resting, plan, agreed));
        Assert.False(RankLogic.KeepsHeld(Resting with { Held = [0, 3] }, plan, agreed));
        Assert.False(RankLogic.KeepsHeld(Resting with { Step = 2 }, plan, agreed));
        Assert.False(RankLogic.KeepsHeld(Resting with { StateHash = "other" }, plan, agreed));
        Assert.False(RankLogic.KeepsHeld(Resting with { HasState = false }, plan, agreed));
        Assert.False(RankLogic.KeepsHeld(Resting, plan with { First = null }, agreed));
        Assert.False(RankLogic.KeepsHeld(Resting, plan, agreed with { Behind = [true, false] }));
        Assert.False(RankLogic.KeepsHeld(Resting, plan, agreed with { Restore = true }));
    }

    [Fact]
    public void A_rank_whose_generation_broke_forgets_the_hand_over_but_not_another_plan()
    {
        RankState breaking = Resting with { Activity = RankActivity.Breaking, InForce = Plan(1, 2) };
        Assert.Null(RankLogic.Rest(breaking with { Candidate = Plan(1, 3, new GenerationId(1, 2)) }, 3, "h3", []).Candidate);
        Assert.NotNull(RankLogic.Rest(breaking with { Candidate = Plan(1, 3) }, 3, "h3", []).Candidate);
    }

    [Fact]
    public void A_plan_that_did_not_come_up_is_remembered_with_who_was_missing_and_a_newer_one_is_kept()
    {
        RankState state = RankLogic.NotUp(Resting with { Candidate = Plan(1, 4) }, Plan(1, 3), [1], stillRunning: false);
        Assert.Equal(new GenerationId(1, 3), state.Failed);
        Assert.Equal(["b"], state.Culprits);
        Assert.Equal(new GenerationId(1, 4), state.Candidate?.Id);
        Assert.Null(RankLogic.NotUp(state with { Candidate = Plan(1, 4) }, Plan(1, 4), [], stillRunning: true).Candidate);
    }

    [Fact]
    public void A_plan_that_came_up_is_in_force_and_a_newer_one_is_kept()
    {
        RankState state = RankLogic.Up(Resting with { Candidate = Plan(1, 4), Lost = ["b"] }, Plan(1, 3), 5, []);
        Assert.Equal((RankActivity.Running, new GenerationId(1, 3), 5), (state.Activity, state.InForce!.Id, state.Step));
        Assert.Equal(new GenerationId(1, 4), state.Candidate?.Id);
        Assert.Empty(state.Lost);
        Assert.Null(state.StateHash); // a state that changes has no hash
    }

    [Fact]
    public void A_breakage_names_who_was_lost_and_is_news_only_while_running()
    {
        RankState running = Resting with { Activity = RankActivity.Running, InForce = Plan(1, 2) };
        Assert.Equal(["b"], RankLogic.Break(running, [1]).Lost);
        RankState resting = running with { Activity = RankActivity.Idle };
        Assert.Same(resting, RankLogic.Break(resting, [1]));
    }

    [Fact]
    public void A_rank_may_go_when_it_is_released_in_a_hurry_or_in_no_plan_after_notice()
    {
        RankState notice = Resting with { Leaving = true, InForce = Plan(1, 2) };
        Assert.False(RankLogic.MayGo(Resting));
        Assert.False(RankLogic.MayGo(notice)); // it may be the only one with the state
        Assert.False(RankLogic.MayGo(notice with { Candidate = Plan(1, 3) })); // it is the only one with the state
        Assert.True(RankLogic.MayGo(notice with { Candidate = Plan(1, 3, null, "b") }));
        Assert.True(RankLogic.MayGo(notice with { InForce = null }));
        Assert.False(RankLogic.MayGo(notice with { InForce = null, Activity = RankActivity.Forming })); // its partners count on it
        Assert.True(RankLogic.MayGo(Resting with { Released = true }));
        Assert.True(RankLogic.MayGo(Resting with { Hurry = true }));
    }

    [Fact]
    public void A_rank_in_a_hurry_leaves_a_checkpoint_of_the_step_before_if_nobody_goes_on()
    {
        RankState hurries = Resting with { Hurry = true, HasState = true, InForce = Plan(1, 2) };
        Assert.False(RankLogic.IsLastInHurry(hurries)); // the others have the state
        Assert.True(RankLogic.IsLastInHurry(hurries with { StopReason = "SIGINT" }));
        Assert.True(RankLogic.IsLastInHurry(hurries with { InForce = Plan(1, 2, null, "a") }));
        Assert.False(RankLogic.IsLastInHurry(hurries with { StopReason = "SIGINT", HasState = false }));
        Assert.False(RankLogic.IsLastInHurry(hurries with { StopReason = "SIGINT", Released = true })); // it has been written already
        Assert.False(RankLogic.IsLastInHurry(hurries with { StopReason = "SIGINT", Hurry = false }));
    }
}
