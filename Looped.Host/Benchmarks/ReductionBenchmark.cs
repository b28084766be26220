using Looped.Actors.Recipes;
using Looped.Host.Training;
using Looped.Models.Recipes;

namespace Looped.Host.Benchmarks;

/// <summary>Median step in seconds with exact and with float32 sums, round by round.</summary>
internal sealed record ReductionResult(IReadOnlyList<(double Exact, double Plain)> Pairs, long Parameters)
{
    /// <summary>By which share of the float32 step the exact one is longer: the median of the rounds.</summary>
    public double Extra
    {
        get
        {
            double[] sorted = [.. Pairs.Select(p => p.Exact / p.Plain - 1).Order()];
            return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        }
    }
}

/// <summary>What exactness costs: the same recipe with int64 and with float32 sums, in worker processes.</summary>
internal sealed class ReductionBenchmark(RunRecipe recipe, RunData data, int workers)
{
    /// <summary>Measures.</summary>
    /// <param name="rounds">Pairs of measurements.</param>
    /// <param name="steps">Measured steps of each.</param>
    /// <param name="report">Told about each round.</param>
    public async Task<ReductionResult> Run(int rounds, int steps, Action<string> report)
    {
        var pairs = new List<(double, double)>();
        for (int round = 0; round < rounds; round++)
        {
            // The order alternates, so that a drift of the machine favours neither.
            double plain = round % 2 == 1 ? await Measure(Reduction.Float32, steps) : 0;
            double exact = await Measure(Reduction.Exact64, steps);
            if (round % 2 == 0) plain = await Measure(Reduction.Float32, steps);
            pairs.Add((exact, plain));
            report($"round {round + 1}: {1000 * exact:0} ms exact, {1000 * plain:0} ms float32, {100 * (exact / plain - 1):0.0} % more");
        }
        using var model = data.CreateModel();
        return new ReductionResult(pairs, model.ParameterCount());
    }

    private async Task<double> Measure(Reduction reduction, int steps)
    {
        await using var cluster = new ProbedCluster(recipe with { Training = recipe.Training with { Reduction = reduction } }, data, workers);
        int first = await cluster.Until(workers, steady: steps + 5);
        return cluster.MedianStep(first + 4, steps);
    }
}
