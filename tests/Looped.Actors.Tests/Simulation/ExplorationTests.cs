namespace Looped.Actors.Tests.Simulation;

public class ExplorationTests
{
    /// <summary>Events of one step are that close to one another here.</summary>
    private static readonly TimeSpan Window = TimeSpan.FromMilliseconds(30);

    public static TheoryData<FaultKind, int> Cases => new(
        from kind in Enum.GetValues<FaultKind>()
        from workers in new[] { 1, 2, 3 }
        select (kind, workers));

    [Theory, MemberData(nameof(Cases))]
    public void Every_order_of_events_after_a_fault_at_every_boundary_keeps_the_invariants(FaultKind kind, int workers) =>
        Explore(kind, new SimOptions { Workers = workers }, workers < 3 ? 3 : 2);

    public static TheoryData<FaultKind> Kinds => new(Enum.GetValues<FaultKind>());

    [Theory, MemberData(nameof(Kinds))]
    public void Every_loss_and_repetition_of_the_messages_after_a_fault_keeps_the_invariants(FaultKind kind) =>
        Explore(kind, new SimOptions { Workers = 2, Loss = 1, Repeats = 1 }, 4);

    private static int Explore(FaultKind kind, SimOptions options, int horizon)
    {
        int workers = options.Workers;
        options = options with { MicroBatches = workers, Steps = 2, CheckpointEvery = 2 };
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
