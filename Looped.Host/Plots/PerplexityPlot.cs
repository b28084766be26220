using System.Globalization;
using Looped.Models.Evaluation;
using ScottPlot;

namespace Looped.Host.Plots;

/// <summary>`eval-perplexity.png`: how hard the single sequences are, their mean with its interval, and the unigram model as a yardstick.</summary>
internal static class PerplexityPlot
{
    private const int Bins = 40;

    /// <summary>Draws it.</summary>
    /// <param name="name">The title.</param>
    /// <param name="result">What was measured.</param>
    /// <param name="losses">The mean loss of each sequence, nats per token.</param>
    /// <param name="unigram">Perplexity of a model without context.</param>
    public static byte[] Render(string name, PerplexityResult result, IReadOnlyList<double> losses, double unigram)
    {
        PlotFont.Install();
        double[] finite = [.. losses.Where(double.IsFinite)];
        double least = finite.DefaultIfEmpty(0).Min(), most = finite.DefaultIfEmpty(1).Max(), margin = Math.Max(0.05, 0.05 * (most - least));
        double low = least - margin, high = Math.Max(most, Math.Log(unigram)) + margin;
        double[] shares = Shares(finite, low, high);
        using Plot plot = Histogram.Panel("mean loss of a sequence (nats per token)", low, high, shares.Max(), "share of the sequences");
        Histogram.Add(plot, shares, low, high, PlotTheme.Curve(0), "sequences");
        if (double.IsFinite(result.StandardError))
        {
            var interval = plot.Add.HorizontalSpan(result.Loss - 1.96 * result.StandardError, result.Loss + 1.96 * result.StandardError, PlotTheme.Curve(1).WithAlpha(0.25));
            (interval.LineStyle.Width, interval.LegendText) = (0, "95 % interval of the mean");
        }
        plot.Add.VerticalLine(result.Loss, 1.8f, PlotTheme.Curve(1)).LegendText = "mean over all tokens";
        plot.Add.VerticalLine(Math.Log(unigram), 1.2f, PlotTheme.Muted, LinePattern.Dotted).LegendText = "unigram model";
        PlotTheme.ShowLegend(plot);
        return Figure.Row([plot], name, Caption(result, unigram));
    }

    private static string Caption(PerplexityResult result, double unigram)
    {
        string interval = double.IsFinite(result.StandardError) ? $" (95 %: {Number(result.Interval.Low)} … {Number(result.Interval.High)})" : "";
        return $"validation perplexity {Number(result.Perplexity)}{interval}  ·  unigram model {Number(unigram)}  ·  " +
            string.Create(CultureInfo.InvariantCulture, $"{result.Tokens:N0} tokens in {result.Sequences:N0} sequences");
    }

    private static double[] Shares(double[] values, double low, double high)
    {
        var shares = new double[Bins];
        foreach (double v in values) shares[Math.Clamp((int)((v - low) / (high - low) * Bins), 0, Bins - 1)] += 1.0 / values.Length;
        return shares;
    }

    private static string Number(double value) => value.ToString(value < 100 ? "0.000" : "#,0", CultureInfo.InvariantCulture);
}
