using Looped.Actors.Checkpointing;
using Looped.Actors.Supervision;
using Looped.Actors.Training;

namespace Looped.Actors.Tests.Rules;

/// <summary>What a run's events tell of what the supervisor decided.</summary>
public class RunStoryTests
{
    private readonly List<RunEvent> _events = [];
    private RunStory _story = new();

    private string[] Told
    {
        get
        {
            string[] told = [.. _events.Select(e => string.Join(' ', new[] { e.Event.ToString(), e.Worker, e.Reason, e.Generation is { } g ? $"g{g}" : null, $"@{e.Step}" }.Where(t => t is not null)))];
            _events.Clear();
            return told;
        }
    }

    /// <summary>Workers that talk to a supervisor whose decisions are told.</summary>
    private TalkingWorkers Talk(int microBatches = 4, int expected = 1, long term = 1, params GenerationPlan[] known)
    {
        var talk = new TalkingWorkers(microBatches, expected, term, known);
        talk.Decided += (before, after, now) => _story = _story.Decided(before, after, now, _events);
        return talk;
    }

    private TalkingWorkers Running(params string[] workers)
    {
        TalkingWorkers talk = Talk(expected: workers.Length).Idle(workers);
        return talk.Runs(talk.Plan!, workers).AfterHearing(1.2 * talk.Settings.Reattach.TotalSeconds, workers);
    }

    private void Commits(long step, long generation, int world, TimeSpan now, double stall = 0) =>
        _story = _story.Committed(new StepReport(step, 100, 2, 1e-3, 1, step * 100, 1000, 0.1, generation, world, false, stall), now, _events);

    [Fact]
    public void A_run_begins_with_its_members_and_their_generation()
    {
        Running("a", "b");
        Assert.Equal(["Joined a g1 @0", "Joined b g1 @0", "Generation start g1 @0"], Told);
    }

    [Fact]
    public void A_newcomer_joins_when_its_generation_is_up_and_not_before()
    {
        TalkingWorkers talk = Running("a");
        Commits(7, 1, 1, talk.Now);
        _ = Told;
        talk.Idle("new");
        Assert.Empty(Told);
        talk.Runs(talk.Plan!, "new");
        Assert.Equal(["Joined new g2 @7", "Generation join g2 @7"], Told);
    }

    [Fact]
    public void A_worker_with_notice_left_when_the_generation_without_it_is_up()
    {
        TalkingWorkers talk = Running("a", "b").Says("b", s => s with { Leaving = true, Notice = "SIGTERM" });
        _ = Told;
        talk.Runs(talk.Plan!, "a");
        Assert.Equal(["Left b SIGTERM g1 @0", "Generation leave g2 @0"], Told);
        Commits(1, 2, 1, talk.Now);
        Assert.Empty(Told); // nothing was lost, so nothing recovers
    }

    [Fact]
    public void A_loss_is_told_at_once_and_the_first_step_after_it_says_how_long_none_was_committed()
    {
        TalkingWorkers talk = Running("a", "b", "c");
        Commits(7, 1, 3, talk.Now);
        _ = Told;
        talk.Rests("a", step: 7, lost: ["c"]).Rests("b", step: 7, lost: ["c"]);
        Assert.Equal(["Lost c its connection broke g1 @7"], Told);
        talk.Runs(talk.Plan!, "a", "b");
        Assert.Equal(["Generation loss g2 @7"], Told);
        TimeSpan resumed = talk.Now + TimeSpan.FromSeconds(0.25);
        Commits(7, 1, 3, resumed); // late news of the step before the loss
        Assert.Empty(Told);
        _story = _story with { CommittedAt = talk.Now };
        Commits(8, 2, 2, resumed);
        RunEvent recovered = Assert.Single(_events);
        Assert.Equal((RunEventKind.Recovered, "c", 8L, 2), (recovered.Event, recovered.Worker, recovered.Step, recovered.WorldSize));
        Assert.Equal(0.25, recovered.Seconds!.Value, 1e-9);
    }

    [Fact]
    public void A_worker_that_failed_is_lost_with_its_error_and_a_silent_one_with_its_silence()
    {
        TalkingWorkers talk = Running("a", "b", "c");
        _ = Told;
        talk.Says("b", s => s with { Activity = RankActivity.Ended, Outcome = RunOutcome.Failed, Error = "the disk is gone" });
        talk.Rests("a").AfterHearing(6, "a");
        Assert.Equal(["Lost b the disk is gone g1 @3", "Lost c silent for 6.0 s g1 @3"], Told);
    }

    [Fact]
    public void When_everybody_is_lost_the_run_is_restored_and_says_how_many_steps_that_cost()
    {
        TalkingWorkers talk = Running("a");
        Commits(9, 1, 1, talk.Now);
        _ = Told;
        talk.After(talk.Settings.Lease.TotalSeconds + 1);
        Assert.Equal(["Lost a silent for 11.0 s g1 @9"], Told);
        talk.Idle("new").AfterHearing(talk.Settings.Lease.TotalSeconds + 1, "new");
        talk.Says("new", s => s with { Activity = RankActivity.Running, InForce = talk.Plan!.Id, Seen = talk.Plan!.Id, HasState = true, Step = 5 });
        Assert.Equal(4, _events.Single(e => e.Event == RunEventKind.Restored).LostSteps);
        Assert.Equal(["Joined new g2 @5", "Restored g2 @5", "Generation loss, restore g2 @5"], Told);
    }

    [Fact]
    public void A_supervisor_that_takes_over_does_not_say_that_everybody_joined()
    {
        TalkingWorkers first = Running("a", "b");
        GenerationPlan plan = first.State.Current!;
        (_story, _) = (new RunStory(), Told);
        TalkingWorkers second = Talk(term: 2, known: plan);
        second.Says("a", s => s with { Activity = RankActivity.Running, InForce = plan.Id, Seen = plan.Id, HasState = true, Step = 12 });
        Assert.Equal(["Generation term 2 takes over g1 @12"], Told);
        second.Says("b", s => s with { Activity = RankActivity.Running, InForce = plan.Id, Seen = plan.Id, HasState = true, Step = 12 });
        second.AfterHearing(6, "a").Rests("a", step: 12, lost: ["b"]);
        Assert.Equal(["Lost b its connection broke g1 @12"], Told);
    }

    [Fact]
    public void Moving_micro_batches_is_a_generation_without_comings_and_goings()
    {
        TalkingWorkers talk = Running("a", "b").Says("a", s => s with { SecondsPerMicroBatch = 1 }).Says("b", s => s with { SecondsPerMicroBatch = 4 });
        _ = Told;
        talk.AfterHearing(talk.Settings.RebalanceEvery.TotalSeconds, "a", "b");
        talk.Runs(talk.Plan!, "a", "b");
        Assert.Equal(["Generation rebalance g2 @0"], Told);
    }

    [Fact]
    public void A_stop_and_the_end_are_told_once()
    {
        TalkingWorkers talk = Running("a");
        _ = Told;
        talk.Happens(new StopAsked("SIGTERM", talk.Now)).Happens(new StopAsked("SIGTERM", talk.Now));
        talk.Says("a", s => s with { Outcome = RunOutcome.Interrupted, Step = 4 }).AfterHearing(1, "a");
        Assert.Equal(["StopAsked SIGTERM @0", "Interrupted SIGTERM @4"], Told);
    }

    [Fact]
    public void A_checkpoint_has_its_size_its_time_and_how_long_training_stood_still()
    {
        Commits(10, 1, 1, TimeSpan.Zero, stall: 9);
        Commits(11, 1, 1, TimeSpan.Zero, stall: 0.02);
        Commits(12, 1, 1, TimeSpan.Zero, stall: 9);
        Assert.Equal(new RunEvent(RunEventKind.Checkpoint, 10) { Bytes = 1000, Seconds = 0.5, StallSeconds = 0.02 },
            _story.Written(new CheckpointWritten(10, "step-000010", 1000, 0.5)));
        Assert.Null(_story.Written(new CheckpointWritten(12, "step-000012", 1000, 0.5)).StallSeconds); // the next step is not known yet
    }
}
