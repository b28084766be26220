using System.Globalization;
using Looped.Models.Evaluation;
using ScottPlot;
using ScottPlot.MultiplotLayouts;
using ScottPlot.TickGenerators;

namespace Looped.Host.Plots;

/// <summary>`eval-dynamics.png`: the trajectory in two principal components, the length of each step by token, its maximum, and the spectral radius of a loop.</summary>
internal static class DynamicsPlot
{
    private const int Width = 1180, Height = 860;

    /// <summary>Draws it.</summary>
    /// <param name="run">The title.</param>
    /// <param name="prompt">What was run.</param>
    /// <param name="tokens">The same, token by token.</param>
    /// <param name="dynamics">What happened.</param>
    public static byte[] Render(string run, string prompt, IReadOnlyList<string> tokens, LoopDynamics dynamics)
    {
        PlotFont.Install();
        using Plot trajectory = Trajectory(dynamics), steps = StepsByToken(dynamics, tokens), longest = Longest(dynamics), radius = Radius(dynamics);
        var figure = new Multiplot { Layout = new Grid(2, 2) };
        figure.Subplots.RemoveAt(0);
        foreach (Plot panel in (Plot[])[trajectory, steps, longest, radius]) figure.Subplots.Add(panel);
        return Figure.Render(figure, run, string.Create(CultureInfo.InvariantCulture, $"{dynamics.Loops} loops over the prompt {prompt.ReplaceLineEndings(" ")}"), Width, Height);
    }

    private static Plot Trajectory(LoopDynamics d)
    {
        Plot plot = Panel(Explained(d, 0), Explained(d, 1));
        (double X, double Y)[] points = [.. d.Trajectory.Take(d.Loops)];
        var line = plot.Add.Scatter(points.Select(p => p.X).ToArray(), points.Select(p => p.Y).ToArray(), PlotTheme.Curve(0).WithAlpha(0.7));
        (line.LineWidth, line.MarkerSize) = (1.2f, 3);
        // Every tenth loop is marked, as in the original.
        for (int i = 9; i < points.Length - 1; i += 10) plot.Add.Marker(points[i].X, points[i].Y, MarkerShape.FilledCircle, 7, PlotTheme.Curve(1));
        Mark(plot, points[0], MarkerShape.FilledSquare, 11, PlotTheme.Curve(2), "after loop 1");
        if (d.Trajectory.Count > d.Loops) Mark(plot, d.Trajectory[^1], MarkerShape.FilledTriangleUp, 12, PlotTheme.Curve(3), "after the coda");
        Mark(plot, points[^1], MarkerShape.FilledDiamond, 13, PlotTheme.Curve(4), $"after loop {d.Loops}");
        Range(plot, d.Trajectory.Select(p => p.First), d.Trajectory.Select(p => p.Second));
        PlotTheme.ShowLegend(plot).Orientation = Orientation.Horizontal;
        return plot;
    }

    private static Plot StepsByToken(LoopDynamics d, IReadOnlyList<string> tokens)
    {
        Plot plot = Panel("loop", "token");
        var values = new double[tokens.Count, d.Loops];
        for (int t = 0; t < tokens.Count; t++)
            for (int n = 0; n < d.Loops; n++) values[t, n] = Log(d.Steps[n][t]); // row 0 is drawn on top
        var map = plot.Add.Heatmap(values);
        map.Position = new CoordinateRect(1, d.Loops, 0, tokens.Count - 1); // centres of the outermost cells
        map.Colormap = new ScottPlot.Colormaps.Viridis();
        var scale = plot.Add.ColorBar(map);
        scale.Label = "log₁₀ ‖xₙ − xₙ₋₁‖";
        (scale.LabelStyle.FontName, scale.LabelStyle.FontSize, scale.LabelStyle.Bold, scale.LabelStyle.ForeColor) = (PlotFont.Name, 12, false, PlotTheme.Muted);
        (scale.Axis.TickLabelStyle.FontName, scale.Axis.TickLabelStyle.ForeColor) = (PlotFont.Name, PlotTheme.Muted);
        plot.Axes.Left.TickGenerator = new NumericManual([.. tokens.Select((_, t) => tokens.Count - 1.0 - t)], [.. tokens.Select(Visible)]);
        plot.Axes.SetLimits(0.5, d.Loops + 0.5, -0.5, tokens.Count - 0.5);
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { IntegerTicksOnly = true };
        plot.Layout.Fixed(new PixelPadding(Figure.LeftMargin, 106, 46, 14));
        return plot;
    }

    private static Plot Longest(LoopDynamics d)
    {
        Plot plot = Panel("loop", "length, by powers of ten");
        double[] loops = [.. Enumerable.Range(1, d.Loops).Select(n => (double)n)];
        Line(plot, loops, d.Steps.Select(row => Log(row.Max())), PlotTheme.Curve(0), "longest step of a token");
        Line(plot, loops, d.Steps.Select(row => Log(row.Average())), PlotTheme.Curve(1), "mean step");
        Line(plot, loops, d.Norms.Select(row => Log(row.Average())), PlotTheme.Muted, "mean state");
        plot.Axes.Left.TickGenerator = new NumericAutomatic { IntegerTicksOnly = true, LabelFormatter = power => power.ToString("0", CultureInfo.InvariantCulture) };
        Range(plot, loops, d.Steps.SelectMany(row => (double[])[Log(row.Max()), Log(row.Average())]).Concat(d.Norms.Select(row => Log(row.Average()))));
        PlotTheme.Loops(plot, d.Loops);
        PlotTheme.ShowLegend(plot);
        return plot;
    }

    private static Plot Radius(LoopDynamics d)
    {
        Plot plot = Panel("after loop (doubling)", "spectral radius of one more loop");
        double[] places = [.. d.Spectra.Select(s => Math.Log2(s.Loop))];
        LoopStability[] exact = [.. d.Spectra.Where(s => s.Exact is not null)];
        if (exact.Length > 0)
        {
            var line = plot.Add.Scatter(exact.Select(s => Math.Log2(s.Loop)).ToArray(), exact.Select(s => s.Exact!.SpectralRadius).ToArray(), PlotTheme.Curve(0));
            (line.LineWidth, line.MarkerSize, line.LegendText) = (2, 7, "exact");
        }
        var estimate = plot.Add.Scatter(places, d.Spectra.Select(s => s.Estimate).ToArray(), PlotTheme.Curve(1));
        (estimate.LinePattern, estimate.LineWidth, estimate.MarkerShape, estimate.MarkerSize, estimate.LegendText) = (LinePattern.DenselyDashed, 1.4f, MarkerShape.OpenCircle, 10, "power iteration");
        var one = plot.Add.HorizontalLine(1, 1, PlotTheme.Muted, LinePattern.Dotted);
        one.LegendText = "errors keep their size";
        double most = d.Spectra.Max(s => Math.Max(s.Estimate, s.Exact?.SpectralRadius ?? 0));
        plot.Axes.Bottom.TickGenerator = new NumericManual(places, [.. d.Spectra.Select(s => $"{s.Loop}")]);
        plot.Axes.SetLimits(-0.3, places[^1] + 0.3, 0, 1.2 * Math.Max(1, most)); // room for the legend
        PlotTheme.ShowLegend(plot).Orientation = Orientation.Horizontal;
        return plot;
    }

    private static Plot Panel(string bottom, string left)
    {
        var plot = new Plot();
        PlotTheme.Apply(plot);
        (plot.Axes.Bottom.Label.Text, plot.Axes.Left.Label.Text) = (bottom, left);
        plot.Layout.Fixed(new PixelPadding(Figure.LeftMargin, 20, 46, 14));
        return plot;
    }

    private static void Mark(Plot plot, (double X, double Y) at, MarkerShape shape, float size, Color colour, string name) =>
        plot.Add.Marker(at.X, at.Y, shape, size, colour).LegendText = name;

    private static void Line(Plot plot, double[] x, IEnumerable<double> y, Color colour, string name)
    {
        var line = plot.Add.ScatterLine(x, y.ToArray(), colour);
        (line.LineWidth, line.LegendText) = (2, name);
    }

    private static void Range(Plot plot, IEnumerable<double> xs, IEnumerable<double> ys)
    {
        double[] x = [.. xs], y = [.. ys];
        double width = Math.Max(x.Max() - x.Min(), 1e-9), height = Math.Max(y.Max() - y.Min(), 1e-9);
        plot.Axes.SetLimits(x.Min() - 0.04 * width, x.Max() + 0.04 * width, y.Min() - 0.06 * height, y.Max() + 0.3 * height); // room for the legend
    }

    private static double Log(double length) => Math.Log10(Math.Max(length, 1e-12));

    private static string Visible(string token) => string.IsNullOrWhiteSpace(token) ? "␣" : token;

    private static string Explained(LoopDynamics d, int n) => string.Create(CultureInfo.InvariantCulture, $"component {n + 1} ({100 * d.ExplainedVariance[n]:0.0} % of the variance)");
}
