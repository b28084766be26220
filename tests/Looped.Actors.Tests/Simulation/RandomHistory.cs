namespace Looped.Actors.Tests.Simulation;

/// <summary>Runs and faults by a seed.</summary>
internal static class RandomHistory
{
    private static readonly FaultKind[] Kinds =
    [
        FaultKind.Kill, FaultKind.Kill, FaultKind.Kill, FaultKind.Freeze, FaultKind.Freeze, FaultKind.Notice, FaultKind.Notice, FaultKind.Join,
        FaultKind.Join, FaultKind.KillAll, FaultKind.NoticeToAll, FaultKind.KillSupervisor, FaultKind.KillSupervisor, FaultKind.SecondSupervisor,
        FaultKind.FreezeSupervisor, FaultKind.LoseSuccessor, FaultKind.Partition, FaultKind.Partition,
    ];

    public static SimOptions Of(int seed)
    {
        var random = new Random(seed);
        int workers = random.Next(1, 5);
        double trouble = random.Next(4) * 0.15;
        int faults = random.Next(1, 10);
        return new SimOptions
        {
            Workers = workers,
            MicroBatches = random.Next(2, 8),
            Steps = random.Next(3, 6 + (2 * faults)),
            CheckpointEvery = random.Next(2, 8),
            Loss = trouble * random.NextDouble(),
            Repeats = trouble * random.NextDouble(),
            Delays = trouble * random.NextDouble(),
            Crowd = random.Next(3) == 0 ? 1 : 64,
            FullDisk = seed % 4 == 3 ? 0.5 : 0,
            Faults = [.. Bursts(random, faults, workers)],
        };
    }

    /// <summary>Faults often come close to one another: that is when they hurt.</summary>
    private static IEnumerable<Fault> Bursts(Random random, int count, int workers)
    {
        long at = 0;
        for (int i = 0; i < count; i++)
        {
            at = at == 0 || random.Next(3) == 0 ? random.NextInt64(10, 60 + (60 * workers * count / 2)) : at + random.NextInt64(0, 40);
            FaultKind kind = random.Next(80) == 0 ? FaultKind.AskToStop : Kinds[random.Next(Kinds.Length)];
            double seconds = Math.Pow(10, (2.5 * random.NextDouble()) - 1); // 0.1 … 30 s
            yield return new Fault(kind, at, random.Next(8), seconds);
        }
    }
}
