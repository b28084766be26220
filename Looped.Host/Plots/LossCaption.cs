using System.Globalization;
using Looped.Actors.Training;

namespace Looped.Host.Plots;

/// <summary>The line under the title of a loss figure.</summary>
internal static class LossCaption
{
    /// <summary>For one run its length and its perplexities; for several, each run's last validation perplexity.</summary>
    public static string Of(IReadOnlyList<RunCurve> curves)
    {
        if (curves is not [RunCurve run])
            return "validation perplexity:  " + string.Join("  ·  ", curves.Select(c => c.Evaluations.Count == 0 ? $"{c.Name} –" : $"{c.Name} {Perplexity(c.Evaluations[^1].Perplexity)}"));
        StepReport last = run.Steps[^1];
        string length = string.Create(CultureInfo.InvariantCulture, $"{last.Step:N0} of {last.Steps:N0} steps, {last.Tokens:N0} tokens");
        if (run.Evaluations.Count == 0) return length;
        string change = run.Evaluations.Count > 1 ? $"{Perplexity(run.Evaluations[0].Perplexity)} → " : "";
        string unigram = run.UnigramPerplexity is { } u ? $"  ·  unigram model {Perplexity(u)}" : "";
        return $"{length}  ·  validation perplexity {change}{Perplexity(run.Evaluations[^1].Perplexity)}{unigram}";
    }

    private static string Perplexity(double value) => value.ToString(value < 100 ? "0.00" : "#,0", CultureInfo.InvariantCulture);
}
