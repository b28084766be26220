namespace Looped.Actors.Tests.Simulation;

public class ExplorationTests
{
    /// <summary>Events of one step are that close to one another here.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(30);

    public static TheoryData<FaultKind, int> Cases => new(
        from kind in Enum.GetValues<FaultKind>()
        from workers in new[] { 1, 2, 3 }
        where workers < 3 || kind is FaultKind.Kill or FaultKind.Freeze
        select (kind, workers));

    [Theory, MemberData(nameof(Cases))]
    public void Every_order_of_events_after_a_fault_at_every_boundary_keeps_the_invariants(FaultKind kind, int workers) =>
        Explore(kind, workers, workers < 3 ? 3 : 2);

    internal static int Explore(FaultKind kind, int workers, int horizon)
    {
        var options = new SimOptions { Workers = workers, MicroBatches = workers, Steps = 2, CheckpointEvery = 2 };
        long events = Exploration.Events(options);
        int histories = 0;
        int victims = kind is FaultKind.Kill or FaultKind.Freeze or FaultKind.Notice ? workers : 1;
        for (int who = 0; who < victims; who++)
            for (long at = 0; at < events; at++)
            {
                (int tried, string? problem) = Exploration.Explore(options with { Faults = [new Fault(kind, at, who, 1)] }, horizon, Window);
                Assert.True(problem is null, problem);
                histories += tried;
            }
        Assert.True(histories > events);
        return histories;
    }
}
