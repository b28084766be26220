using Looped.Models.Data;
using Looped.Models.Families;
using Looped.Models.Families.CoTFormer;
using static TorchSharp.torch;

namespace Looped.Models.Evaluation;

/// <summary>What decides how deep tokens go.</summary>
public enum DepthChoice
{
    /// <summary>All tokens run the same number of repeats.</summary>
    FixedDepth,

    /// <summary>A token goes on as long as its routers' weights are at least 1 − threshold, on average over the training text.</summary>
    RouterThreshold,
}

/// <summary>Quality at a price.</summary>
/// <param name="Choice">What decides how deep tokens go.</param>
/// <param name="Value">The number of repeats, or the threshold.</param>
/// <param name="LengthFactors">Shares of the tokens that enter each repeat after the first; null where nothing is routed.</param>
/// <param name="MacsPerToken">
/// Multiply–accumulates of a forward of one sequence by its tokens, as <see cref="LanguageModel.MultiplyAccumulates"/> counts them.
/// </param>
/// <param name="Quality">Validation perplexity.</param>
public sealed record ComputePoint(DepthChoice Choice, double Value, IReadOnlyList<double>? LengthFactors, double MacsPerToken, PerplexityResult Quality);

/// <summary>Figure 4 of the CoTFormer paper: perplexity against computation, by router threshold and by fixed depth.</summary>
public static class ComputeSweep
{
    /// <summary>The thresholds of the original.</summary>
    public static IReadOnlyList<double> Thresholds { get; } = [0, 0.1, 0.2, 0.4, 0.6, 0.8, 0.85, 0.9, 0.95, 1];

    private sealed record Setting(DepthChoice Choice, double Value, int? Loops, IReadOnlyList<double>? Factors)
    {
        /// <summary>Equal for settings that compute the same.</summary>
        public string Work => Factors is null ? $"{Loops}" : string.Join(' ', Factors.Select(f => Recipes.RecipeScalar.Format(f)));
    }

    /// <summary>Measures a model at every depth that it can run, and at every threshold if it has routers.</summary>
    /// <param name="model">The model, on its device.</param>
    /// <param name="sequenceLength">T, the tokens of a sequence in both kinds of batches.</param>
    /// <param name="validation">What perplexity is measured on; read once for each different amount of work.</param>
    /// <param name="training">What routers are asked about to turn thresholds into shares of tokens; read only if there are routers.</param>
    /// <param name="loops">The largest fixed depth, or null for the trained one.</param>
    /// <param name="progress">Called with the share that is done, from 0 to 1.</param>
    /// <param name="cancellation">Ends the measurement between two batches.</param>
    /// <exception cref="LoopedException">There is nothing to measure on, or the model cannot run that many loops.</exception>
    public static IReadOnlyList<ComputePoint> Measure(LanguageModel model, int sequenceLength, IEnumerable<MicroBatch> validation,
        IEnumerable<MicroBatch> training, int? loops = null, Action<double>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        Setting[] settings = [.. ByThreshold(model, sequenceLength, training, cancellation), .. ByDepth(model, loops)];
        int different = settings.DistinctBy(s => s.Work).Count();
        var measured = new Dictionary<string, PerplexityResult>();
        foreach (Setting setting in settings)
        {
            if (measured.ContainsKey(setting.Work)) continue;
            measured[setting.Work] = Perplexity.Measure(model, validation, setting.Loops, lengthFactors: setting.Factors, cancellation: cancellation);
            progress?.Invoke(measured.Count / (double)different);
        }
        return [.. settings.Select(s => new ComputePoint(s.Choice, s.Value, s.Factors, Macs(model, sequenceLength, s) / (double)sequenceLength, measured[s.Work]))];
    }

    private static IEnumerable<Setting> ByThreshold(LanguageModel model, int sequenceLength, IEnumerable<MicroBatch> training, CancellationToken cancellation)
    {
        if (RouterSample.Routed(model) is not { } routed) return [];
        using var scope = NewDisposeScope();
        Tensor cascade = RouterWeights.Cascade(RouterSample.Raw(routed, training, progress: null, cancellation));
        return [.. Thresholds.Select(t => new Setting(DepthChoice.RouterThreshold, t, null, RouterWeights.Factors(cascade, t, sequenceLength)))];
    }

    private static IEnumerable<Setting> ByDepth(LanguageModel model, int? loops) => model.Loops is null && loops is null
        ? [new(DepthChoice.FixedDepth, 1, null, null)]
        : Enumerable.Range(1, loops ?? model.Loops ?? 1).Select(depth => RouterSample.Routed(model) is { } routed && depth <= routed.Config.Repeats
            ? new Setting(DepthChoice.FixedDepth, depth, null, LengthFactors.FixedDepth(depth, routed.Config.Repeats))
            : new Setting(DepthChoice.FixedDepth, depth, depth, null));

    private static long Macs(LanguageModel model, int sequenceLength, Setting setting) => setting.Factors is { } factors
        ? ((CoTFormerModel)model).MultiplyAccumulates(sequenceLength, null, factors)
        : model.MultiplyAccumulates(sequenceLength, setting.Loops);
}
