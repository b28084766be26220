using Looped.Actors.Supervision;

namespace Looped.Actors.Tests.Rules;

/// <summary>How the supervisor lets workers come and go. Each test is the guard of a rule in docs/recovery.md.</summary>
public class MembershipTests
{
    [Fact]
    public void The_first_generation_waits_for_the_expected_workers_but_not_for_ever()
    {
        var talk = new TalkingWorkers(expected: 2);
        Assert.Null(talk.Idle("a").Plan);
        Assert.Equal(["a", "b"], talk.Idle("b").Plan!.Generation.Members);
        talk = new TalkingWorkers(expected: 2).Idle("a");
        Assert.Equal(["a"], talk.After(talk.Settings.GatherWindow.TotalSeconds).Plan!.Generation.Members);
    }

    [Fact]
    public void A_newcomer_joins_by_a_hand_over_at_the_end_of_a_step()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a");
        GenerationPlan first = talk.State.Current!;
        talk.Idle("new");
        Assert.Equal(["a", "new"], talk.Plan!.Generation.Members);
        Assert.Equal(first.Id, talk.Plan.After);
        Assert.Equal(first, talk.State.Current); // it goes on until the next is up
        Assert.Equal(talk.Plan, talk.Runs(talk.Plan!, "new").State.Current);
    }

    [Fact]
    public void Nobody_joins_before_every_member_is_known_to_run()
    {
        var talk = new TalkingWorkers();
        talk.Idle("a", "b");
        talk.Runs(talk.Plan!, "a").Idle("new");
        Assert.Null(talk.Plan);
        Assert.NotNull(talk.Runs(talk.State.Current!, "b").Plan);
    }

    [Fact]
    public void No_more_workers_are_planned_than_there_are_micro_batches()
    {
        TalkingWorkers talk = TalkingWorkers.Running(2, "a", "b").Idle("c");
        Assert.Null(talk.Plan);
        Assert.Equal(2, new TalkingWorkers(2, expected: 3).Idle("a", "b", "c").Plan!.Generation.WorldSize);
    }

    [Fact]
    public void A_worker_with_notice_leaves_by_a_hand_over()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a", "b").Says("b", s => s with { Leaving = true });
        Assert.Equal(["a"], talk.Plan!.Generation.Members);
        Assert.NotNull(talk.Plan.After);
    }

    [Fact]
    public void When_all_have_notice_nobody_is_planned_because_they_see_it_in_their_own_reduction()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a").Says("a", s => s with { Leaving = true });
        Assert.Null(talk.Plan);
        Assert.Null(talk.Idle("new").Plan);
    }

    [Fact]
    public void A_worker_that_kept_a_plan_from_coming_up_is_left_out_for_longer_and_longer()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a");
        var pauses = new List<double>();
        for (int i = 0; i < 4; i++)
        {
            talk.Idle("bad");
            GenerationPlan failed = talk.Plan!;
            talk.Says("a", s => s with { Failed = failed.Id, Culprits = ["bad"] });
            double pause = 0;
            for (; talk.Plan is null && pause < 100; pause += 0.5) talk.AfterHearing(0.5, "a", "bad");
            pauses.Add(pause);
        }
        Assert.Equal([2, 4, 8, 16], pauses);
    }

    [Fact]
    public void A_hand_over_is_given_up_when_the_generation_breaks_and_the_newcomer_that_waits_for_it_is_planned_anew()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a", "b").Idle("new");
        GenerationPlan given = talk.Plan!;
        talk.Says("new", s => s with { Activity = RankActivity.Forming, Seen = given.Id }).Rests("a", lost: ["b"]);
        Assert.Equal(["a", "new"], talk.Plan!.Generation.Members);
        Assert.Null(talk.Plan.After);
    }

    [Fact]
    public void A_hand_over_is_given_up_when_nobody_is_left_to_hand_over()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a").Idle("new");
        GenerationPlan given = talk.Plan!;
        talk.Says("new", s => s with { Activity = RankActivity.Forming, Seen = given.Id });
        for (int second = 0; second < 25; second++) talk.AfterHearing(1, "new");
        Assert.Equal(["new"], talk.Plan!.Generation.Members);
        Assert.True(talk.Plan.Restore);
    }

    [Fact]
    public void A_plan_that_was_to_follow_another_generation_is_given_up()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a").Idle("new");
        GenerationPlan second = talk.Plan!;
        talk.Says("new", s => s with { Failed = second.Id, Seen = second.Id });
        GenerationPlan third = talk.Plan!;
        Assert.Equal(second.After, third.After);
        talk.Says("a", s => s with { InForce = second.Id, Seen = second.Id }); // it came up after all, here
        Assert.Equal((second, null), (talk.State.Current, talk.Plan));
    }

    [Fact]
    public void A_plan_that_a_status_shows_to_be_missed_is_repeated()
    {
        var talk = new TalkingWorkers();
        talk.Idle("a", "b");
        GenerationPlan plan = talk.Plan!;
        Assert.Equal(new RepeatPlan("a", plan), talk.Idle("a").Commands.OfType<RepeatPlan>().Single());
        Assert.Empty(talk.Says("a", s => s with { Seen = plan.Id }).Commands.OfType<RepeatPlan>());
    }

    [Fact]
    public void A_status_that_was_overtaken_by_a_later_one_does_not_count()
    {
        TalkingWorkers talk = TalkingWorkers.Running(4, "a").Says("a", s => s with { Sequence = 10 }).Says("a", s => s with { Sequence = 5, Leaving = true });
        Assert.False(talk.State.Workers["a"].Status.Leaving);
    }

    [Fact]
    public void A_status_that_says_that_all_is_as_before_decides_nothing_and_the_next_tick_does()
    {
        TalkingWorkers gathering = new TalkingWorkers(expected: 2).Idle("a");
        gathering.Happens(new StatusHeard(gathering.State.Workers["a"].Status with { Sequence = 99 }, gathering.Settings.GatherWindow));
        Assert.Null(gathering.Plan);
        Assert.NotNull(gathering.Happens(new Ticked(gathering.Settings.GatherWindow)).Plan);
    }

    [Fact]
    public void In_a_crowd_what_many_say_alike_is_decided_at_the_next_tick_and_what_one_says_alone_at_once()
    {
        string[] crowd = [.. Enumerable.Range(0, 64).Select(i => $"w{i}")];
        TalkingWorkers talk = TalkingWorkers.Running(100, crowd).Idle("new");
        Assert.Null(talk.Plan);
        Assert.Contains("new", talk.After(0.1).Plan!.Generation.Members);
        Assert.Null(talk.Rests("w7", lost: ["w3"]).Plan); // the first that tells of a loss ends the hand-over
        Assert.Equal(talk.Now, talk.State.BrokenSince);
    }

    [Fact]
    public void A_silent_worker_is_not_planned()
    {
        TalkingWorkers talk = TalkingWorkers.Running(2, "a", "b").Idle("spare").AfterHearing(6, "a", "b").Rests("a", lost: ["b"]);
        Assert.Equal(["a"], talk.Plan!.Generation.Members);
    }

    [Fact]
    public void Micro_batches_are_moved_to_faster_workers_only_if_it_pays_and_not_too_often()
    {
        TalkingWorkers talk = TalkingWorkers.Running(8, "a", "b").Says("a", s => s with { SecondsPerMicroBatch = 1 });
        talk.Says("b", s => s with { SecondsPerMicroBatch = 3 }).After(0.1);
        Assert.Null(talk.Plan); // too soon
        talk.AfterHearing(talk.Settings.RebalanceEvery.TotalSeconds, "a", "b");
        Assert.Equal([6, 2], talk.Plan!.Generation.Assignment.Select(a => a.Count));
        talk.Runs(talk.Plan, "a", "b").AfterHearing(20, "a", "b");
        Assert.Null(talk.Plan); // no gain any more
    }
}
