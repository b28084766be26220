using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Looped.Actors.Recipes;
using Looped.Host.Training;
using static TorchSharp.torch;

namespace Looped.Host.Benchmarks;

/// <summary>Speeds measured in turn in one process: the run's step and the bare one.</summary>
/// <param name="Pairs">Tokens per second of the actors' step and of the bare loop, round by round.</param>
/// <param name="Stalled">Share of the elapsed time that training stood still for snapshots, at a checkpoint every 50 steps; null if the measured
/// steps hold none.</param>
internal sealed record StepBenchmarkResult(IReadOnlyList<(double Actors, double Bare)> Pairs, double? Stalled)
{
    /// <summary>The median of the rounds' ratios.</summary>
    public double Ratio => Median(Pairs.Select(p => p.Actors / p.Bare));

    public double Actors => Median(Pairs.Select(p => p.Actors));

    public double Bare => Median(Pairs.Select(p => p.Bare));

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

/// <summary>What the actors, the exact sums and the logs cost a step: the two loops run in turn, round by round, on the same machine state.</summary>
internal sealed class StepBenchmark(RunRecipe recipe, RunData data)
{
    private const int WarmUp = 3, CheckpointEvery = 50;

    /// <summary>Measures.</summary>
    /// <param name="rounds">Pairs of measurements.</param>
    /// <param name="steps">Measured steps of each.</param>
    /// <param name="report">Told about each round.</param>
    public async Task<StepBenchmarkResult> Run(int rounds, int steps, Action<string> report)
    {
        var pairs = new List<(double, double)>();
        double stalled = 0, elapsed = 0;
        // The first round of a process runs code that is not compiled fully yet, most of it the run's: it is not counted.
        await Actors(steps);
        Bare(steps);
        for (int round = 0; round < rounds; round++)
        {
            // The order alternates, so that a drift of the machine favours neither.
            double bare = round % 2 == 1 ? Bare(steps) : 0;
            var (actors, stall, seconds) = await Actors(steps);
            if (round % 2 == 0) bare = Bare(steps);
            pairs.Add((actors, bare));
            stalled += stall;
            elapsed += seconds;
            report($"round {round + 1}: {actors:N0} tok/s as a run, {bare:N0} bare, ratio {actors / bare:0.000}");
        }
        return new StepBenchmarkResult(pairs, WarmUp + steps > CheckpointEvery ? stalled / elapsed : null);
    }

    private double TokensPerStep => (double)recipe.Batch.GlobalSequences * recipe.Model.SequenceLength;

    private double Bare(int steps)
    {
        double speed = 0;
        ExceptionDispatchInfo? error = null;
        // A thread of its own, as the training thread has: LibTorch keeps a team of threads for each.
        var thread = new Thread(() =>
        {
            try
            {
                speed = TimeBare(steps);
            }
#pragma warning disable CA1031 // It is rethrown on the caller's thread.
            catch (Exception e)
#pragma warning restore CA1031
            {
                error = ExceptionDispatchInfo.Capture(e);
            }
        });
        thread.Start();
        thread.Join();
        error?.Throw();
        return speed;
    }

    private double TimeBare(int steps)
    {
        set_num_threads(recipe.Training.Threads);
        using var loop = new BareLoop(recipe, data.CreateModel());
        for (int i = 0; i < WarmUp; i++) loop.Step(data.Training);
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < steps; i++) loop.Step(data.Training);
        return steps * TokensPerStep / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private async Task<(double Speed, double Stall, double Seconds)> Actors(int steps)
    {
        long first = 0, last = 0;
        double stall = 0;
        RunRecipe timed = recipe with
        {
            Training = recipe.Training with { Steps = WarmUp + steps },
            Checkpoint = recipe.Checkpoint with { Every = CheckpointEvery },
        };
        await TimedRun.Run(timed, data, step =>
        {
            if (step.Step == WarmUp) first = Stopwatch.GetTimestamp();
            else if (step.Step > WarmUp) stall += step.StallSeconds;
            last = Stopwatch.GetTimestamp();
        });
        double seconds = Stopwatch.GetElapsedTime(first, last).TotalSeconds;
        return (steps * TokensPerStep / seconds, stall, seconds);
    }
}
