using System.Globalization;
using Looped.Actors.Training;

namespace Looped.Host.Progress;

/// <summary>
/// The numbers of a step as a person reads them. Pure but for its running averages: the loss is smoothed, the speed leaves the first
/// steps out (they warm caches up).
/// </summary>
internal sealed class StepLine
{
    private const double Smoothing = 0.9;
    private const int WarmUp = 2;

    private double _loss, _weight, _seconds;
    private int _seen, _measured;
    private long _tokens;

    /// <summary>Takes a step in.</summary>
    public void Add(StepReport report)
    {
        // Divided by the weights it has, the average of the first steps is theirs and does not hang on the very first.
        if (double.IsFinite(report.Loss)) (_loss, _weight) = (Smoothing * _loss + (1 - Smoothing) * report.Loss, Smoothing * _weight + 1 - Smoothing);
        // The first steps are in the average only as long as there is nothing else.
        if (++_seen == WarmUp + 1) (_seconds, _tokens, _measured) = (0, 0, 0);
        if (Last is { } before)
        {
            _seconds += report.Seconds;
            _tokens += report.Tokens - before.Tokens;
            _measured++;
        }
        Last = report;
    }

    /// <summary>The newest step; null before the first.</summary>
    public StepReport? Last { get; private set; }

    /// <summary>Average tokens per second.</summary>
    public double TokensPerSecond => _seconds > 0 ? _tokens / _seconds : Last?.TokensPerSecond ?? 0;

    /// <summary>Time until the last step at the average speed; null before anything was measured.</summary>
    public TimeSpan? Remaining => Last is { } last && _seconds > 0 ? TimeSpan.FromSeconds((last.Steps - last.Step) * _seconds / _measured) : null;

    /// <summary><c>loss 2.314  1,834 tok/s  lr 9.1e-04  norm 0.52</c>.</summary>
    public string Numbers => Last is not { } last ? "" : string.Create(CultureInfo.InvariantCulture,
        $"loss {_loss / _weight:0.000}  {TokensPerSecond:N0} tok/s  lr {last.LearningRate:0.0e-00}  norm {last.GradientNorm:0.00}{(last.Skipped ? "  skipped" : "")}");

    /// <summary>Whole percent done, rounded down: only a finished run is at 100.</summary>
    public static long Percent(long step, long steps) => 100 * step / steps;

    /// <summary><c>validation perplexity 9.87 (24,576 tokens) after step 50</c>.</summary>
    public static string Describe(EvaluationReport report) => string.Create(CultureInfo.InvariantCulture,
        $"validation perplexity {report.Perplexity:0.00} ({report.Tokens:N0} tokens) {(report.Step == 0 ? "before training" : $"after step {report.Step}")}");
}
