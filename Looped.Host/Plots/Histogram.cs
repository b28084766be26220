using System.Globalization;
using ScottPlot;
using ScottPlot.TickGenerators;

namespace Looped.Host.Plots;

/// <summary>Panels of shares in equal parts of a range.</summary>
internal static class Histogram
{
    /// <summary>Adds an outline with a light area below it.</summary>
    /// <param name="plot">The panel.</param>
    /// <param name="shares">One for each part.</param>
    /// <param name="low">Where the first part begins.</param>
    /// <param name="high">Where the last one ends.</param>
    /// <param name="colour">Of outline and area.</param>
    /// <param name="name">In the legend, if not empty.</param>
    public static void Add(Plot plot, IReadOnlyList<double> shares, double low, double high, Color colour, string name = "")
    {
        double Edge(int i) => low + (high - low) * i / shares.Count;
        Coordinates[] outline =
        [
            new(low, 0), .. shares.Index().SelectMany(s => (Coordinates[])[new(Edge(s.Index), s.Item), new(Edge(s.Index + 1), s.Item)]), new(high, 0),
        ];
        var line = plot.Add.ScatterLine(outline, colour);
        (line.LineWidth, line.FillY, line.FillYColor, line.LegendText) = (1.6f, true, colour.WithAlpha(0.13), name);
    }

    /// <summary>An empty panel that shows shares up to the highest of <paramref name="tallest"/>.</summary>
    public static Plot Panel(string label, double low, double high, double tallest, string left)
    {
        var plot = new Plot();
        PlotTheme.Apply(plot);
        double reach = high - low;
        plot.Axes.SetLimits(low - 0.01 * reach, high + 0.01 * reach, 0, Math.Max(1e-9, tallest) * 1.08);
        plot.Axes.Bottom.Label.Text = label;
        plot.Axes.Left.Label.Text = left;
        plot.Axes.Left.TickGenerator = new NumericAutomatic { TargetTickCount = 5, LabelFormatter = v => v.ToString("0.#%", CultureInfo.InvariantCulture) };
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { TargetTickCount = 6 };
        plot.Layout.Fixed(new PixelPadding(Figure.LeftMargin, 20, 46, 14));
        return plot;
    }
}
