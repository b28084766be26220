using Looped.Models.Data;
using Looped.Models.Families;
using Looped.Models.Families.CoTFormer;
using static TorchSharp.torch;

namespace Looped.Models.Evaluation;

/// <summary>How the weights of a router are spread over the tokens.</summary>
/// <param name="Mean">Over all tokens.</param>
/// <param name="StandardError">Of <paramref name="Mean"/>, from the spread of the sequences' means; NaN for one sequence.</param>
/// <param name="Median">Half of the tokens have no more.</param>
/// <param name="Closed">Share of the tokens with a weight below 0.01.</param>
/// <param name="Shares">Share of the tokens in each of equal parts of [0, 1]; they sum to 1.</param>
public sealed record WeightSpread(double Mean, double StandardError, double Median, double Closed, IReadOnlyList<double> Shares)
{
    /// <summary>The 95 % interval of the mean: ± 1.96 standard errors.</summary>
    public (double Low, double High) Interval => (Mean - 1.96 * StandardError, Mean + 1.96 * StandardError);

    /// <summary>Sums up weights.</summary>
    /// <param name="weights">From 0 to 1, sequence after sequence.</param>
    /// <param name="sequences">Sequences of equal length, at least one.</param>
    /// <param name="bins">Parts of [0, 1]; 1 itself belongs to the last.</param>
    public static WeightSpread Of(float[] weights, int sequences, int bins)
    {
        ArgumentNullException.ThrowIfNull(weights);
        var counts = new long[bins];
        foreach (float w in weights) counts[Math.Clamp((int)(w * bins), 0, bins - 1)]++;
        double[] means = [.. weights.Chunk(weights.Length / sequences).Select(s => s.Average(w => (double)w))];
        double mean = means.Average(), squares = means.Sum(m => (m - mean) * (m - mean));
        float[] sorted = [.. weights.Order()];
        return new(mean, sequences > 1 ? Math.Sqrt(squares / (sequences - 1) / sequences) : double.NaN, sorted[(sorted.Length - 1) / 2],
            weights.Count(w => w < 0.01f) / (double)weights.Length, [.. counts.Select(c => c / (double)weights.Length)]);
    }
}

/// <summary>What a router thinks of tokens.</summary>
/// <param name="Router">Its number, from 1; it lets tokens into repeat <c>Router + 1</c>.</param>
/// <param name="Raw">Its own weights.</param>
/// <param name="Cascade">The smallest weight of a token up to this router: what it needs to get this far.</param>
public sealed record RouterHistogram(int Router, WeightSpread Raw, WeightSpread Cascade);

/// <summary>Figure 5 of the CoTFormer paper: the routers' weights when every token runs every repeat.</summary>
public static class RouterHistograms
{
    /// <summary>Parts of [0, 1].</summary>
    public const int Bins = 50;

    /// <summary>Asks every router about every token.</summary>
    /// <param name="model">An adaptive model, on its device.</param>
    /// <param name="batches">Sequences of equal length; the original takes training windows.</param>
    /// <param name="progress">Called with the sequences done so far.</param>
    /// <param name="cancellation">Ends the measurement between two batches.</param>
    /// <returns>One for each router, the first repeat's first.</returns>
    /// <exception cref="UsageException">The model has no routers.</exception>
    /// <exception cref="LoopedException">There was no batch.</exception>
    public static IReadOnlyList<RouterHistogram> Measure(LanguageModel model, IEnumerable<MicroBatch> batches, Action<long>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(batches);
        RoutedModel routed = RouterSample.Routed(model) ?? throw new UsageException(
            $"The model {model.GetName()} has no routers whose weights could be shown; give a checkpoint of {CoTFormerVariants.Names(v => v.Routed)} with two or more repeats.");
        using var scope = NewDisposeScope();
        Tensor raw = RouterSample.Raw(routed, batches, progress, cancellation), cascade = RouterWeights.Cascade(raw);    // (R − 1, N, T)
        return [.. Enumerable.Range(0, (int)raw.shape[0]).Select(r => new RouterHistogram(r + 1, Spread(raw, r), Spread(cascade, r)))];
    }

    private static WeightSpread Spread(Tensor weights, int router) =>
        WeightSpread.Of([.. weights.select(0, router).contiguous().data<float>()], (int)weights.shape[1], Bins);
}
