namespace Looped.Actors.Tests.Simulation;

/// <summary>Runs and faults by a seed.</summary>
internal static class RandomHistory
{
    private static readonly FaultKind[] Kinds =
    [
        FaultKind.Kill, FaultKind.Kill, FaultKind.Kill, FaultKind.Freeze, FaultKind.Freeze, FaultKind.Notice, FaultKind.Notice, FaultKind.Join,
        FaultKind.Join, FaultKind.KillAll, FaultKind.NoticeToAll, FaultKind.KillSupervisor, FaultKind.KillSupervisor, FaultKind.SecondSupervisor,
        FaultKind.FreezeSupervisor, FaultKind.Partition, FaultKind.Partition,
    ];

    public static SimOptions Of(int seed)
    {
        var random = new Random(seed);
        int workers = random.Next(1, 5);
        double trouble = random.Next(3) * 0.1;
        return new SimOptions
        {
            Workers = workers,
            MicroBatches = random.Next(2, 8),
            Steps = random.Next(3, 12),
            CheckpointEvery = random.Next(2, 6),
            Loss = trouble * random.NextDouble(),
            Repeats = trouble * random.NextDouble(),
            Delays = trouble * random.NextDouble(),
            Faults = [.. Enumerable.Range(0, random.Next(1, 7)).Select(_ => One(random, workers))],
        };
    }

    private static Fault One(Random random, int workers)
    {
        FaultKind kind = random.Next(60) == 0 ? FaultKind.AskToStop : Kinds[random.Next(Kinds.Length)];
        double seconds = Math.Pow(10, 2.5 * random.NextDouble() - 1); // 0.1 … 30 s
        return new Fault(kind, random.NextInt64(20, 100 + 150 * workers), random.Next(8), seconds);
    }
}
