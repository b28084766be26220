using Looped.Actors.Training;
using Looped.Host.Chaos;

namespace Looped.Host.Tests.Chaos;

public class EffectTests
{
    private static Commit Step(long step, long generation, params string[] members) =>
        new(new StepReport(step, 100, 1, 1e-3, 1, step, 1, 1, generation, members.Length, false), members);

    [Fact]
    public void A_kill_shows_with_the_first_step_without_the_worker_and_its_pause_is_the_longest_wait_until_then()
    {
        var effect = new Effect(new(ChaosAction.Kill, 1), at: 10, before: Step(5, 1, "a", "b"), worker: "b");
        Assert.Null(effect.See(Step(6, 1, "a", "b"), 10.1)); // it was under way
        Disturbance seen = effect.See(Step(7, 2, "a"), 10.6)!;
        Assert.Equal((5, 0.5, 2), (seen.Step, seen.Pause, seen.Generation));
    }

    [Fact]
    public void A_joiner_shows_with_its_first_step_and_its_pause_is_what_the_others_waited()
    {
        var effect = new Effect(new(ChaosAction.Join, 2), at: 0, before: Step(5, 1, "a"), worker: "c");
        for (int step = 6; step < 20; step++) Assert.Null(effect.See(Step(step, 1, "a"), 0.1 * (step - 5)));
        Disturbance seen = effect.See(Step(20, 2, "a", "c"), 1.8)!;
        Assert.Equal(0.4, seen.Pause!.Value, 6);
        Assert.StartsWith("worker 2 takes part 1.8 s later from step 20 by 2 workers", seen.Effect, StringComparison.Ordinal);
    }

    [Fact]
    public void A_stopped_worker_that_could_not_be_left_out_shows_when_it_goes_on()
    {
        var effect = new Effect(new(ChaosAction.Suspend, 0, Hold: TimeSpan.FromSeconds(3)), at: 0, before: Step(5, 1, "a"), worker: "a") { CameBack = true };
        Assert.StartsWith("nobody went on without worker 0", effect.See(Step(6, 1, "a"), 3.1)!.Effect, StringComparison.Ordinal);
    }

    [Fact]
    public void Steps_that_are_done_again_after_all_was_killed_are_counted()
    {
        var effect = new Effect(new(ChaosAction.RestartEverything, 3), at: 0, before: Step(17, 1, "a"), worker: null);
        Assert.Null(effect.See(Step(18, 1, "a"), 0.1));
        effect.CameBack = true;
        Assert.Contains("7 steps again from the last checkpoint", effect.See(Step(11, 2, "b"), 9)!.Effect, StringComparison.Ordinal);
    }

    [Fact]
    public void A_worker_that_took_no_part_held_nobody_up()
    {
        var effect = new Effect(new(ChaosAction.Kill, 4), at: 0, before: Step(5, 1, "a"), worker: "e");
        Assert.Contains("nobody waited for it", effect.See(Step(6, 1, "a"), 0.1)!.Effect, StringComparison.Ordinal);
    }
}
