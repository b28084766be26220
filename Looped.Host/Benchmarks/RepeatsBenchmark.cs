using System.Diagnostics;
using System.Runtime.ExceptionServices;
using Looped.Actors.Recipes;
using Looped.Host.Training;
using Looped.Models;
using Looped.Models.Data;
using Looped.Models.Families;
using Looped.Models.Families.CoTFormer;
using Looped.Models.Randomness;
using static TorchSharp.torch;

namespace Looped.Host.Benchmarks;

/// <summary>A model at work.</summary>
/// <param name="Name">For people.</param>
/// <param name="Training">Forward and backward; else the forward of an evaluation.</param>
/// <param name="LengthFactors">Shares of the tokens that enter each repeat after the first, or null.</param>
/// <param name="MacsPerToken">Multiply–accumulates of the forward, the head on every position.</param>
/// <param name="TokensPerSecond">Round by round.</param>
/// <param name="TokensPerProcessorSecond">The same by the processor time of the process, which other programs disturb less.</param>
internal sealed record RepeatsRow(string Name, bool Training, IReadOnlyList<double>? LengthFactors, double MacsPerToken,
    IReadOnlyList<double> TokensPerSecond, IReadOnlyList<double> TokensPerProcessorSecond)
{
    /// <summary>The median round.</summary>
    public double Speed => Median(TokensPerSecond);

    /// <summary>Forward multiply–accumulates done in a second, by those of <paramref name="other"/>: the median of the rounds' ratios.</summary>
    public double RateOf(RepeatsRow other) => Rate(r => r.TokensPerSecond, other);

    /// <summary>The same by processor time.</summary>
    public double ProcessorRateOf(RepeatsRow other) => Rate(r => r.TokensPerProcessorSecond, other);

    private double Rate(Func<RepeatsRow, IReadOnlyList<double>> speeds, RepeatsRow other) =>
        Median(speeds(this).Zip(speeds(other), (own, others) => own * MacsPerToken / (others * other.MacsPerToken)));

    private static double Median(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}

/// <summary>
/// Whether repeats cost what their multiplications predict: micro-batches of a CoTFormer and of the base model of the same layers and
/// width, in turn on one thread of one process.
/// </summary>
internal sealed class RepeatsBenchmark
{
    private static readonly double[] Shares = [0.75, 0.5, 0.25, 0];

    private readonly RunRecipe _recipe;
    private readonly CoTFormerConfig _config;
    private readonly RunData _data;

    /// <summary>Prepares the comparison.</summary>
    /// <exception cref="UsageException">The recipe has no repeats to measure.</exception>
    public RepeatsBenchmark(RunRecipe recipe, RunData data)
    {
        (_recipe, _data) = (recipe, data);
        _config = recipe.Model as CoTFormerConfig ?? throw new UsageException($"bench repeats compares CoTFormers with their base model, and the recipe's family is {recipe.Model.Family}.");
        if (_config.Variant is "base" or "pondernet")
            throw new UsageException($"bench repeats needs a variant with repeats and one answer, which {_config.Variant} is not; use cotformer, ln_cotformer, but, adm, adaptive_but or but_halting.");
    }

    /// <summary>Measures, the base model's rows first in each kind.</summary>
    /// <param name="repeats">The numbers of repeats, each at least 1.</param>
    /// <param name="rounds">Measurements of each model.</param>
    /// <param name="batches">Micro-batches of a measurement.</param>
    /// <param name="report">Told about each round.</param>
    public IReadOnlyList<RepeatsRow> Run(IReadOnlyList<int> repeats, int rounds, int batches, Action<string> report)
    {
        IReadOnlyList<RepeatsRow>? rows = null;
        ExceptionDispatchInfo? error = null;
        // A thread of its own, as the training thread has: LibTorch keeps a team of threads for each.
        var thread = new Thread(() =>
        {
            try
            {
                set_num_threads(_recipe.Training.Threads);
                rows = Measure(repeats, rounds, batches, report);
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
        return rows!;
    }

    private List<RepeatsRow> Measure(IReadOnlyList<int> repeats, int rounds, int batches, Action<string> report)
    {
        var models = new List<LanguageModel>();
        try
        {
            List<Subject> subjects = [];
            Add("base", _config with { Variant = "base", LayersBegin = 0, LayersEnd = 0, DepthEmbedding = DepthEmbeddingKind.None, DisableLnMid = false, DepthRandomMethod = "uniform", EvalLengthFactor = null }, null);
            foreach (int r in repeats)
            {
                if (!Routed) Add($"{_config.Variant} ×{r}", _config with { Repeats = r }, null);
                else foreach (double share in (ReadOnlySpan<double>)[1, .. r > 1 ? Shares : []])
                    Add($"{_config.Variant} ×{r}", _config with { Repeats = r, EvalLengthFactor = null }, [.. Enumerable.Repeat(share, r - 1)]);
            }

            (double[] Elapsed, double[] Processor)[] speeds = [.. subjects.Select(_ => (new double[rounds], new double[rounds]))];
            for (int round = -1; round < rounds; round++)
            {
                // The order alternates, so that a drift of the machine favours nobody; the first round compiles and is not counted.
                int[] order = [.. Enumerable.Range(0, subjects.Count)];
                if (round % 2 != 0) Array.Reverse(order);
                foreach (int i in order)
                {
                    var (elapsed, processor) = Speed(subjects[i], batches);
                    if (round >= 0) (speeds[i].Elapsed[round], speeds[i].Processor[round]) = (elapsed, processor);
                }
                if (round >= 0) report($"round {round + 1} of {rounds} done");
            }
            return [.. subjects.Zip(speeds, (s, speed) => new RepeatsRow(s.Name, s.Training, s.Factors, s.MacsPerToken, speed.Elapsed, speed.Processor)).OrderByDescending(r => r.Training)];

            void Add(string name, CoTFormerConfig config, double[]? factors)
            {
                var model = RunData.CreateModel(_recipe with { Model = config with { EvalLengthFactor = factors } }, _data.Vocabulary);
                models.Add(model);
                int length = config.SequenceLength;
                // Counted with the head on the last position alone; here every position is scored.
                double macs = (model.MultiplyAccumulates(length) + (length - 1L) * model.VocabularySize * config.Width) / (double)length;
                if (factors is null || factors.All(f => f == 1)) subjects.Add(new(name, model, true, factors, macs));
                subjects.Add(new(name, model, false, factors, macs));
            }
        }
        finally
        {
            foreach (LanguageModel model in models) model.Dispose();
        }
    }

    private bool Routed => _config.Variant is "adm" or "adaptive_but";

    private (double Elapsed, double Processor) Speed(Subject subject, int batches)
    {
        double tokens = 0;
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long started = Stopwatch.GetTimestamp();
        for (int i = 0; i < batches; i++) tokens += RunBatch(subject, _data.Training.Load(0, i % _recipe.Batch.MicroBatches()));
        double elapsed = Stopwatch.GetElapsedTime(started).TotalSeconds;
        return (tokens / elapsed, tokens / (Environment.CpuUsage.TotalTime - before).TotalSeconds);
    }

    private int RunBatch(Subject subject, MicroBatch batch)
    {
        using var scope = NewDisposeScope();
        using IDisposable? quiet = subject.Training ? null : no_grad();
        Tensor tokens = tensor(batch.Tokens, dtype: ScalarType.Int64).view(batch.Sequences, batch.Length);
        Tensor targets = tensor(batch.Targets, dtype: ScalarType.Int64).view(batch.Sequences, batch.Length);
        RandomStream? random = subject.Training ? RandomStream.ForMicroBatch(_recipe.Seed, 0, 0) : null;
        Tensor loss = subject.Model.Forward(new ModelInput(tokens, targets, random, LengthFactors: subject.Factors)).Loss!;
        if (subject.Training) loss.backward();
        loss.item<float>();
        return batch.Sequences * batch.Length;
    }

    private sealed record Subject(string Name, LanguageModel Model, bool Training, IReadOnlyList<double>? Factors, double MacsPerToken);
}
