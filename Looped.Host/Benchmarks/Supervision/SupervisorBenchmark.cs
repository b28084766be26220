using Looped.Actors.Supervision;

namespace Looped.Host.Benchmarks.Supervision;

/// <summary>What decisions cost with so many workers.</summary>
internal sealed record ScaleResult(
    int Workers, int Decisions, double MedianMicroseconds, double P99Microseconds, double LongestMilliseconds,
    long Regroups, double MessagesPerRegroup, double BusyShare);

/// <summary>What a trace leaves of the workers' time.</summary>
internal sealed record GoodputResult(
    string Trace, int MostWorkers, double Hours, long Steps, long Regroups, double Goodput, double Lost, double Regroup, double Copying, double Waiting);

/// <summary>The supervisor's decisions against workers in virtual time.</summary>
internal static class SupervisorBenchmark
{
    /// <summary>Two minutes in which, every ten seconds, one worker is killed and another comes.</summary>
    public static ScaleResult Scale(int workers)
    {
        const int microBatches = 4096;
        var cluster = new ModelledCluster(new ClusterModel
        {
            Settings = new SupervisorSettings { MicroBatches = Math.Max(microBatches, workers), ExpectedWorkers = workers, GatherWindow = TimeSpan.FromSeconds(10) },
            MicroBatch = TimeSpan.FromSeconds(1),
            Copy = TimeSpan.FromSeconds(1),
        });
        for (int i = 0; i < workers; i++)
        {
            int number = i;
            // Heartbeats of different workers fall on different times.
            cluster.At(TimeSpan.FromMilliseconds(500.0 * i / workers), () => cluster.Join($"worker-{number}"));
        }
        cluster.Run(TimeSpan.FromSeconds(20));
        cluster.Reset();
        for (int i = 0; i < 12; i++)
        {
            int number = i;
            cluster.At(TimeSpan.FromSeconds(21 + (10 * i)), () => cluster.Kill($"worker-{number * 7}"));
            cluster.At(TimeSpan.FromSeconds(24 + (10 * i)), () => cluster.Join($"new-{number}"));
        }
        var lasts = TimeSpan.FromSeconds(120);
        cluster.Run(TimeSpan.FromSeconds(20) + lasts);
        double[] all = [.. cluster.Decisions.Order()];
        return new ScaleResult(workers, all.Length, all[all.Length / 2], all[(int)(0.99 * all.Length)], all[^1] / 1e3,
            cluster.Plans, (double)cluster.Messages / Math.Max(1, cluster.Plans), all.Sum() / 1e6 / lasts.TotalSeconds);
    }

    /// <summary>A trace at full size.</summary>
    /// <param name="trace">Who comes and goes.</param>
    /// <param name="stepSeconds">A step's duration with as many workers as the trace has at most.</param>
    /// <param name="stateMegabytes">What a newcomer copies, in 10⁶ bytes.</param>
    /// <param name="megabytesPerSecond">How fast.</param>
    /// <param name="notice">Whether workers have notice, and leave at the end of a step.</param>
    public static GoodputResult Goodput(PreemptionTrace trace, double stepSeconds, double stateMegabytes, double megabytesPerSecond, bool notice)
    {
        int most = trace.Most, microBatches = 8 * most;
        var cluster = new ModelledCluster(new ClusterModel
        {
            Settings = new SupervisorSettings { MicroBatches = microBatches, ExpectedWorkers = trace.Rows.Count(r => r.Adds && r.At == trace.Rows[0].At) },
            MicroBatch = TimeSpan.FromSeconds(stepSeconds / 8),
            Copy = TimeSpan.FromSeconds(stateMegabytes / megabytesPerSecond),
        });
        foreach (PreemptionTrace.Row row in trace.Rows)
            cluster.At(row.At, () =>
            {
                if (row.Adds) cluster.Join(row.Node);
                else if (notice) cluster.GiveNotice(row.Node);
                else cluster.Kill(row.Node);
            });
        TimeSpan end = trace.Rows[^1].At;
        cluster.Run(end);
        cluster.Close();
        WorkerTime time = cluster.Time;
        return new GoodputResult(trace.Name, most, end.TotalHours, cluster.Steps, cluster.Plans, time.Useful / time.Total,
            time.Lost / time.Total, time.Regroup / time.Total, time.Copying / time.Total, time.Waiting / time.Total);
    }
}
