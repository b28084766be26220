using System.Diagnostics;
using Looped.Actors.Recipes;
using Looped.Host.Training;

namespace Looped.Host.Benchmarks;

/// <summary>Pauses in seconds, the median step at the new world size already subtracted.</summary>
/// <param name="Kills">From SIGKILL to the next committed step.</param>
/// <param name="Joins">Between the last step without and the first step with a newcomer.</param>
/// <param name="Step">Median step with all workers, seconds.</param>
/// <param name="Parameters">Parameters of the model.</param>
internal sealed record RecoveryResult(IReadOnlyList<double> Kills, IReadOnlyList<double> Joins, double Step, long Parameters);

/// <summary>What it costs to lose a worker and to gain one: real processes, killed and started in turn.</summary>
internal sealed class RecoveryBenchmark(RunRecipe recipe, RunData data, int workers)
{
    /// <summary>Measures.</summary>
    /// <param name="kills">How many workers are killed.</param>
    /// <param name="report">Told about each.</param>
    public async Task<RecoveryResult> Run(int kills, Action<string> report)
    {
        await using var cluster = new ProbedCluster(recipe, data, workers);
        int full = await cluster.Until(workers);
        double step = cluster.MedianStep(full);
        var killed = new List<double>();
        var joined = new List<double>();
        for (int k = 0; k < kills; k++)
        {
            int before = cluster.Count;
            long at = Stopwatch.GetTimestamp();
            cluster.Workers[k].Kill(); // the oldest: rank 0, which records
            int next = await cluster.Until(workers - 1, before);
            killed.Add(ProbedCluster.Seconds(at, cluster.At(next)) - cluster.MedianStep(next));
            before = cluster.Count;
            cluster.Start();
            int first = await cluster.Until(workers, before);
            joined.Add(ProbedCluster.Seconds(cluster.At(first - 1), cluster.At(first)) - cluster.MedianStep(first));
            report($"kill {k + 1}: {1000 * killed[^1]:0} ms, join: {1000 * joined[^1]:0} ms");
        }
        using var model = data.CreateModel();
        return new RecoveryResult(killed, joined, step, model.ParameterCount());
    }
}
