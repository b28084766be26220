using System.Globalization;
using Looped.Models;
using Looped.Models.Checkpoints;
using ScottPlot;
using ScottPlot.MultiplotLayouts;
using ScottPlot.TickGenerators;

namespace Looped.Host.Plots;

/// <summary>
/// `loss.png`: training loss, raw and smoothed, validation loss, the unigram model as a yardstick, perplexity on the right, and the
/// learning rate below. Several runs share the axes. Equal curves give equal files.
/// </summary>
internal static class LossPlot
{
    private const int Width = 960, Height = 620;
    private const float LeftMargin = Figure.LeftMargin, RightMargin = 64;

    // Perplexities that get a tick where they are in sight.
    private static readonly double[] RoundPerplexities = [1, 1.5, 2, 3, 4, 5, 7, 10, 15, 20, 30, 50, 70, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5];

    /// <summary>Draws the figure and writes it.</summary>
    /// <param name="curves">One or more runs, each with at least one step.</param>
    /// <param name="path">A PNG file.</param>
    /// <exception cref="LoopedException">The file cannot be written.</exception>
    public static void Save(IReadOnlyList<RunCurve> curves, string path) => DurableFiles.WriteAtomically(path, Render(curves));

    /// <summary>The figure as a PNG.</summary>
    internal static byte[] Render(IReadOnlyList<RunCurve> curves)
    {
        PlotFont.Install();
        using Plot loss = LossPanel(curves), rate = RatePanel(curves);
        var figure = new Multiplot();
        figure.Subplots.RemoveAt(0);
        figure.Subplots.Add(loss);
        figure.Subplots.Add(rate);
        var rows = new CustomGrid();
        rows.Set(loss, new GridCell(0, 0, 4, 1, 3, 1));
        rows.Set(rate, new GridCell(3, 0, 4, 1, 1, 1));
        figure.Layout = rows;

        return Figure.Render(figure, curves.Count == 1 ? curves[0].Name : $"{curves.Count} runs", LossCaption.Of(curves), Width, Height);
    }

    private static Plot LossPanel(IReadOnlyList<RunCurve> curves)
    {
        var plot = new Plot();
        PlotTheme.Apply(plot);
        var seen = new List<double>();
        foreach ((int n, RunCurve curve) in curves.Index()) AddRun(plot, curve, PlotTheme.Curve(n), curves.Count == 1, seen);
        if (curves.Select(c => c.UnigramPerplexity).FirstOrDefault(p => p is not null) is { } unigram) AddUnigram(plot, Math.Log(unigram), seen);

        double low = seen.DefaultIfEmpty(0).Min(), high = seen.DefaultIfEmpty(1).Max(), margin = Math.Max(0.05, (high - low) * 0.06);
        Range(plot, curves, low - margin, high + margin);
        plot.Axes.Left.Label.Text = "loss (nats per token)";
        plot.Axes.Left.TickGenerator = new NumericAutomatic { TargetTickCount = 7 };
        plot.Axes.Right.Label.Text = "perplexity";
        plot.Axes.Right.TickGenerator = new NumericManual([.. RoundPerplexities.Select(p => Math.Log(p))],
            [.. RoundPerplexities.Select(p => p.ToString("#,0.#", CultureInfo.InvariantCulture))]);
        plot.Axes.Bottom.TickLabelStyle.IsVisible = false;
        plot.Layout.Fixed(new PixelPadding(LeftMargin, RightMargin, 14, 6));
        ShowLegend(plot, curves.Count);
        return plot;
    }

    private static void AddRun(Plot plot, RunCurve curve, Color colour, bool alone, List<double> seen)
    {
        double[] steps = [.. curve.Steps.Select(s => (double)s.Step)], raw = [.. curve.Steps.Select(s => s.Loss)];
        double[] smooth = Smoothing.Symmetric(raw, Smoothing.Reach(raw.Length));
        seen.AddRange(smooth.Where(double.IsFinite));
        // A single spike must not press the whole curve flat, so the outermost hundredths of the raw values may leave the picture.
        double[] sorted = [.. raw.Where(double.IsFinite).Order()];
        if (sorted.Length > 0) seen.AddRange([sorted[sorted.Length / 100], sorted[^(1 + sorted.Length / 100)]]);

        AddLine(plot, steps, raw, colour.WithAlpha(alone ? 0.28 : 0.16), 1);
        AddLine(plot, steps, smooth, colour, 2.2f).LegendText = !alone ? curve.Name : Smoothing.Reach(raw.Length) > 0 ? "training, smoothed" : "training";

        double[] at = [.. curve.Evaluations.Select(e => (double)e.Step)], validation = [.. curve.Evaluations.Select(e => e.Loss)];
        seen.AddRange(validation.Where(double.IsFinite));
        if (at.Length == 0) return;
        var points = plot.Add.Scatter(at, validation, alone ? PlotTheme.Curve(1) : colour);
        (points.LineWidth, points.LinePattern) = (alone ? 1.2f : 0, LinePattern.DenselyDashed);
        points.MarkerStyle = new MarkerStyle(MarkerShape.FilledCircle, 8, Colors.White) { OutlineColor = points.Color, OutlineWidth = 2 };
        if (alone) points.LegendText = "validation";
    }

    private static ScottPlot.Plottables.Scatter AddLine(Plot plot, double[] x, double[] y, Color colour, float width)
    {
        int[] finite = [.. Enumerable.Range(0, y.Length).Where(i => double.IsFinite(y[i]))];
        var line = plot.Add.ScatterLine(finite.Select(i => x[i]).ToArray(), finite.Select(i => y[i]).ToArray(), colour);
        line.LineWidth = width;
        return line;
    }

    private static void AddUnigram(Plot plot, double loss, List<double> seen)
    {
        seen.Add(loss);
        var line = plot.Add.HorizontalLine(loss, 1.2f, PlotTheme.Muted, LinePattern.Dotted);
        line.LegendText = "unigram model";
    }

    private static void ShowLegend(Plot plot, int runs)
    {
        Legend legend = PlotTheme.ShowLegend(plot);
        if (runs < 2) return;
        legend.ManualItems.Add(new LegendItem
        {
            LabelText = "validation",
            MarkerStyle = new MarkerStyle(MarkerShape.FilledCircle, 8, Colors.White) { OutlineColor = PlotTheme.Muted, OutlineWidth = 2 },
        });
    }

    private static Plot RatePanel(IReadOnlyList<RunCurve> curves)
    {
        var plot = new Plot();
        PlotTheme.Apply(plot);
        foreach ((int n, RunCurve curve) in curves.Index())
            AddLine(plot, [.. curve.Steps.Select(s => (double)s.Step)], [.. curve.Steps.Select(s => s.LearningRate)], PlotTheme.Curve(n), 1.6f);
        Range(plot, curves, 0, Math.Max(1e-12, curves.SelectMany(c => c.Steps).Max(s => s.LearningRate)) * 1.12);
        plot.Axes.Left.Label.Text = "learning rate";
        plot.Axes.Left.TickGenerator = new NumericAutomatic { TargetTickCount = 3, LabelFormatter = Rate };
        plot.Axes.Right.TickLabelStyle.IsVisible = false;
        plot.Axes.Bottom.Label.Text = "step";
        plot.Layout.Fixed(new PixelPadding(LeftMargin, RightMargin, 46, 8));
        return plot;
    }

    private static void Range(Plot plot, IReadOnlyList<RunCurve> curves, double low, double high)
    {
        double last = Math.Max(1, curves.Max(c => c.Steps[^1].Step));
        plot.Axes.SetLimits(-0.012 * last, 1.012 * last, low, high);
        plot.Axes.Right.Min = low;
        plot.Axes.Right.Max = high;
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { IntegerTicksOnly = true, LabelFormatter = v => v.ToString("#,0", CultureInfo.InvariantCulture) };
    }

    private static string Rate(double rate) => rate == 0 ? "0" : rate.ToString("0.##e-0", CultureInfo.InvariantCulture);
}
