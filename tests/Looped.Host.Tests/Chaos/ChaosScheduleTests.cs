using CsCheck;
using Looped.Host.Chaos;

namespace Looped.Host.Tests.Chaos;

public class ChaosScheduleTests
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2);

    private static readonly Gen<(long Seed, int Steps, int Workers)> Cases = Gen.Select(Gen.Long, Gen.Int[1, 600], Gen.Int[1, 6]);

    [Fact]
    public void The_same_seed_gives_the_same_schedule_and_another_seed_another() => Cases.Sample(c =>
    {
        ChaosEvent[] once = [.. ChaosSchedule.Create(c.Seed, 200, c.Workers, Timeout).Events];
        Assert.Equal(once, ChaosSchedule.Create(c.Seed, 200, c.Workers, Timeout).Events);
        Assert.NotEqual(once, ChaosSchedule.Create(c.Seed + 1, 200, c.Workers, Timeout).Events);
    }, iter: 200);

    [Fact]
    public void A_longer_run_begins_with_the_schedule_of_a_shorter_one() => Cases.Sample(c =>
    {
        IReadOnlyList<ChaosEvent> shorter = ChaosSchedule.Create(c.Seed, c.Steps, c.Workers, Timeout).Events;
        Assert.Equal(shorter, ChaosSchedule.Create(c.Seed, c.Steps + 50, c.Workers, Timeout).Events.Take(shorter.Count));
    }, iter: 200);

    [Fact]
    public void There_is_always_a_worker_and_only_living_ones_are_disturbed() => Cases.Sample(c =>
    {
        ChaosSchedule schedule = ChaosSchedule.Create(c.Seed, c.Steps, c.Workers, Timeout);
        HashSet<int> present = [.. Enumerable.Range(0, schedule.Workers)];
        int next = schedule.Workers;
        long step = 0;
        foreach (ChaosEvent e in schedule.Events)
        {
            Assert.InRange(e.Step, step + 3, c.Steps - 3);
            step = e.Step;
            switch (e.Action)
            {
                case ChaosAction.Join:
                    Assert.Equal(next++, e.Worker);
                    present.Add(e.Worker);
                    break;
                case ChaosAction.Kill or ChaosAction.Terminate: Assert.True(present.Remove(e.Worker)); break;
                case ChaosAction.Suspend:
                    Assert.Contains(e.Worker, present);
                    Assert.True(e.Hold > Timeout);
                    break;
                case ChaosAction.RestartSeed: Assert.True(e.Hold > TimeSpan.Zero); break;
                case ChaosAction.RestartEverything:
                    Assert.Equal(next, e.Worker);
                    present = [.. Enumerable.Range(next, schedule.Workers)];
                    next += schedule.Workers;
                    break;
                default: Assert.Fail($"{e.Action} is no disturbance of its own"); break;
            }
            Assert.InRange(present.Count, 1, c.Workers + 1);
        }
    }, iter: 2000);

    [Fact]
    public void A_long_run_meets_every_kind_of_disturbance() =>
        Assert.Equal(Enum.GetValues<ChaosAction>().Except([ChaosAction.Continue]).ToHashSet(),
            ChaosSchedule.Create(1, 2000, 3, Timeout).Events.Select(e => e.Action).ToHashSet());
}
