using System.Diagnostics;
using Looped.Actors.Recipes;
using Looped.Host.Training;

namespace Looped.Host.Benchmarks;

/// <summary>What remained of the work that the living workers could have done.</summary>
/// <param name="Committed">Steps committed.</param>
/// <param name="Possible">Steps that undisturbed generations of the workers alive at each moment would have committed.</param>
/// <param name="Events">Workers killed and workers that joined.</param>
/// <param name="Minutes">How long it took.</param>
internal sealed record GoodputResult(int Committed, double Possible, int Events, double Minutes)
{
    /// <summary>Committed over possible.</summary>
    public double Goodput => Committed / Possible;
}

/// <summary>
/// Two workers for some minutes; at random times one is killed, or one that was killed is replaced. A worker counts as alive from the
/// moment it is ready (its start and its preparation disturb nobody) until it is killed.
/// </summary>
internal sealed class GoodputBenchmark(RunRecipe recipe, RunData data)
{
    private const int Measured = 20;

    /// <summary>Measures.</summary>
    /// <param name="minutes">How long.</param>
    /// <param name="meanSeconds">Mean time between events.</param>
    /// <param name="seed">Of the schedule.</param>
    /// <param name="report">Told about each event.</param>
    public async Task<GoodputResult> Run(double minutes, double meanSeconds, int seed, Action<string> report)
    {
        await using var cluster = new ProbedCluster(recipe, data, workers: 2);
        double two = cluster.MedianStep(await cluster.Until(2, steady: Measured), Measured);
        int victim = 0;
        cluster.Workers[victim++].Kill();
        double one = cluster.MedianStep(await cluster.Until(1, cluster.Count, Measured), Measured);
        report($"undisturbed: {1000 * two:0} ms a step with two workers, {1000 * one:0} ms with one");

#pragma warning disable CA5394 // A schedule that can be repeated, not a secret.
        var random = new Random(seed);
        double Pause() => -meanSeconds * Math.Log(1 - random.NextDouble());
#pragma warning restore CA5394
        int first = cluster.Count, events = 0;
        long started = cluster.At(first - 1), since = started;
        bool both = false;
        double possible = 0;
        while (ProbedCluster.Seconds(started, Stopwatch.GetTimestamp()) < 60 * minutes)
        {
            await Task.Delay(TimeSpan.FromSeconds(Pause()));
            long at = Stopwatch.GetTimestamp();
            if (both)
            {
                cluster.Workers[victim++].Kill();
            }
            else
            {
                cluster.Start();
                // The supervisor plans at once when the newcomer is ready.
                long? ready;
                while ((ready = cluster.NotedAt("is planned", at)) is null) await Task.Delay(5);
                at = ready.Value;
            }
            possible += ProbedCluster.Seconds(since, at) / (both ? two : one);
            (since, both) = (at, !both);
            events++;
            report($"{ProbedCluster.Seconds(started, at):0} s: {(both ? "a worker joins" : "a worker is killed")}");
        }
        int committed = cluster.Count - first;
        possible += ProbedCluster.Seconds(since, cluster.At(cluster.Count - 1)) / (both ? two : one);
        return new GoodputResult(committed, possible, events, ProbedCluster.Seconds(started, cluster.At(cluster.Count - 1)) / 60);
    }
}
