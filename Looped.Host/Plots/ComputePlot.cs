using System.Globalization;
using Looped.Host.CommandLine;
using Looped.Models.Evaluation;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Looped.Host.Plots;

/// <summary>What one checkpoint gives for which price.</summary>
/// <param name="Name">In title and legend.</param>
/// <param name="Points">In any order.</param>
internal sealed record ComputeCurve(string Name, IReadOnlyList<ComputePoint> Points);

/// <summary>
/// `eval-compute.png`: perplexity with its 95 % interval against MACs per token. What no other point beats is filled and joined by a
/// grey line; the rest is hollow.
/// </summary>
internal static class ComputePlot
{
    /// <summary>Draws it.</summary>
    public static byte[] Render(IReadOnlyList<ComputeCurve> checkpoints)
    {
        PlotFont.Install();
        ComputePoint[] all = [.. checkpoints.SelectMany(c => c.Points)];
        HashSet<ComputePoint> frontier = [.. Frontier(all)];
        using var plot = new Plot();
        PlotTheme.Apply(plot);
        plot.Grid.XAxisStyle.IsVisible = true;
        AddFrontier(plot, frontier);
        int n = 0;
        foreach (ComputeCurve curve in checkpoints)
            foreach (DepthChoice choice in (DepthChoice[])[DepthChoice.RouterThreshold, DepthChoice.FixedDepth])
            {
                ComputePoint[] points = [.. curve.Points.Where(p => p.Choice == choice && double.IsFinite(p.Quality.Perplexity)).OrderBy(p => p.MacsPerToken)];
                if (points.Length > 0) AddSeries(plot, points, frontier, PlotTheme.Curve(n++), Legend(checkpoints.Count == 1 ? "" : $"{curve.Name}, ", choice));
            }
        Range(plot, all);
        PlotTheme.ShowLegend(plot);
        return Figure.Row([plot], checkpoints is [ComputeCurve only] ? only.Name : $"{checkpoints.Count} checkpoints", Caption(frontier), height: 520);
    }

    /// <summary>The points that no other one beats.</summary>
    public static IEnumerable<ComputePoint> Frontier(IReadOnlyList<ComputePoint> points) =>
        points.Zip(ParetoFrontier.Of(points, p => p.MacsPerToken, p => p.Quality.Perplexity)).Where(p => p.Second).Select(p => p.First);

    private static void AddFrontier(Plot plot, IEnumerable<ComputePoint> frontier)
    {
        ComputePoint[] points = [.. frontier.OrderBy(p => p.MacsPerToken)];
        if (points.Length == 0) return;
        var line = plot.Add.ScatterLine(points.Select(p => p.MacsPerToken).ToArray(), points.Select(p => p.Quality.Perplexity).ToArray(), PlotTheme.Muted.WithAlpha(0.35));
        (line.LineWidth, line.LegendText) = (7, "Pareto frontier");
    }

    private static void AddSeries(Plot plot, ComputePoint[] points, HashSet<ComputePoint> frontier, Color colour, string name)
    {
        var line = plot.Add.ScatterLine(points.Select(p => p.MacsPerToken).ToArray(), points.Select(p => p.Quality.Perplexity).ToArray(), colour);
        (line.LineWidth, line.LinePattern, line.LegendText) = (1.6f, points[0].Choice == DepthChoice.FixedDepth ? LinePattern.DenselyDashed : LinePattern.Solid, name);
        foreach (ComputePoint point in points)
        {
            (double x, double y) = (point.MacsPerToken, point.Quality.Perplexity);
            if (double.IsFinite(point.Quality.StandardError))
            {
                var interval = plot.Add.Line(x, point.Quality.Interval.Low, x, point.Quality.Interval.High);
                (interval.LineColor, interval.LineWidth) = (colour.WithAlpha(0.5), 1);
            }
            var marker = plot.Add.Marker(x, y);
            marker.MarkerStyle = new MarkerStyle(MarkerShape.FilledCircle, 9, frontier.Contains(point) ? colour : Colors.White) { OutlineColor = colour, OutlineWidth = 1.8f };
            if (point.Choice == DepthChoice.FixedDepth) AddLabel(plot, $"×{Number(point.Value)}", x, y, colour);
        }
    }

    private static void AddLabel(Plot plot, string text, double x, double y, Color colour)
    {
        var label = plot.Add.Text(text, x, y);
        (label.LabelFontName, label.LabelFontSize, label.LabelFontColor) = (PlotFont.Name, 12, colour);
        (label.LabelAlignment, label.OffsetX, label.OffsetY) = (Alignment.LowerLeft, 5, -8);
    }

    private static void Range(Plot plot, ComputePoint[] points)
    {
        double[] finite = [.. points.SelectMany(p => (double[])[p.Quality.Perplexity, p.Quality.Interval.Low, p.Quality.Interval.High]).Where(double.IsFinite)];
        double low = finite.DefaultIfEmpty(0).Min(), high = finite.DefaultIfEmpty(1).Max(), margin = Math.Max(0.01, 0.1 * (high - low));
        double most = points.Max(p => p.MacsPerToken), least = points.Min(p => p.MacsPerToken), reach = Math.Max(most - least, 0.1 * most);
        plot.Axes.SetLimits(least - 0.06 * reach, most + 0.08 * reach, low - margin, high + 3 * margin); // room for the legend
        plot.Axes.Left.Label.Text = "validation perplexity";
        plot.Axes.Bottom.Label.Text = "MACs per token";
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { TargetTickCount = 7, LabelFormatter = Quantity.Count };
        plot.Layout.Fixed(new PixelPadding(Figure.LeftMargin, 20, 46, 14));
    }

    private static string Legend(string checkpoint, DepthChoice choice) => checkpoint + (choice == DepthChoice.FixedDepth ? "fixed depth" : "router threshold");

    private static string Caption(HashSet<ComputePoint> frontier)
    {
        if (frontier.Count == 0) return "no point has a finite perplexity";
        ComputePoint cheap = frontier.MinBy(p => p.MacsPerToken)!, good = frontier.MinBy(p => p.Quality.Perplexity)!;
        return $"perplexity {Number(cheap.Quality.Perplexity)} for {Quantity.Count(cheap.MacsPerToken)} MACs per token, " +
            $"{Number(good.Quality.Perplexity)} for {Quantity.Count(good.MacsPerToken)}  ·  bars: 95 % intervals";
    }

    private static string Number(double value) => value.ToString("0.###", CultureInfo.InvariantCulture);
}
