using Looped.Actors.Recipes;
using Looped.Host.Training;

namespace Looped.Host.Benchmarks;

/// <summary>A recipe to measure.</summary>
/// <param name="Name">What is special about it, for a sentence.</param>
/// <param name="Recipe">The recipe.</param>
internal sealed record Contender(string Name, RunRecipe Recipe);

/// <summary>Median step in seconds of two recipes, round by round.</summary>
internal sealed record StepPairResult(IReadOnlyList<(double First, double Second)> Pairs, long Parameters)
{
    /// <summary>By which share of the second's step the first's is longer: the median of the rounds.</summary>
    public double Extra
    {
        get
        {
            double[] sorted = [.. Pairs.Select(p => p.First / p.Second - 1).Order()];
            return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
        }
    }
}

/// <summary>What an option of a recipe costs: the recipe with and without it, in worker processes.</summary>
internal sealed class StepPairBenchmark(Contender first, Contender second, RunData data, int workers)
{
    /// <summary>Measures.</summary>
    /// <param name="rounds">Pairs of measurements.</param>
    /// <param name="steps">Measured steps of each.</param>
    /// <param name="report">Told about each round.</param>
    public async Task<StepPairResult> Run(int rounds, int steps, Action<string> report)
    {
        var pairs = new List<(double, double)>();
        for (int round = 0; round < rounds; round++)
        {
            // The order alternates, so that a drift of the machine favours neither.
            double other = round % 2 == 1 ? await Measure(second, steps) : 0;
            double one = await Measure(first, steps);
            if (round % 2 == 0) other = await Measure(second, steps);
            pairs.Add((one, other));
            report($"round {round + 1}: {1000 * one:0} ms {first.Name}, {1000 * other:0} ms {second.Name}, {100 * (one / other - 1):+0.0;-0.0} %");
        }
        using var model = data.CreateModel();
        return new StepPairResult(pairs, model.ParameterCount());
    }

    private async Task<double> Measure(Contender contender, int steps)
    {
        await using var cluster = new ProbedCluster(contender.Recipe, data, workers);
        int begin = await cluster.Until(workers, steady: steps + 5);
        return cluster.MedianStep(begin + 4, steps);
    }
}
