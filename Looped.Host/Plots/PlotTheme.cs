using ScottPlot;
using ScottPlot.TickGenerators;

namespace Looped.Host.Plots;

/// <summary>How figures look: quiet axes, colours that stay apart for colour-blind eyes.</summary>
internal static class PlotTheme
{
    public static Color Ink { get; } = Color.FromHex("#1F2933");

    public static Color Muted { get; } = Color.FromHex("#7B8794");

    private static readonly Color Hairline = Color.FromHex("#E4E7EB");

    private static readonly Color[] Palette =
        [.. new[] { "#2563EB", "#E8590C", "#099268", "#9C36B5", "#C2255C", "#5C940D", "#0C8599", "#846358" }.Select(Color.FromHex)];

    /// <summary>The colour of the n-th curve.</summary>
    public static Color Curve(int n) => Palette[n % Palette.Length];

    /// <summary>Horizontal hairlines, no frame but the base line, small grey ticks.</summary>
    public static void Apply(Plot plot)
    {
        plot.FigureBackground.Color = Colors.White;
        plot.DataBackground.Color = Colors.White;
        plot.Grid.MajorLineColor = Hairline;
        plot.Grid.XAxisStyle.IsVisible = false;
        plot.Axes.Left.FrameLineStyle.IsVisible = plot.Axes.Right.FrameLineStyle.IsVisible = plot.Axes.Top.FrameLineStyle.IsVisible = false;
        plot.Axes.Bottom.FrameLineStyle.Color = Muted;
        foreach (IAxis axis in (IAxis[])[plot.Axes.Left, plot.Axes.Right, plot.Axes.Bottom])
        {
            axis.TickLabelStyle.FontName = axis.Label.FontName = PlotFont.Name;
            axis.TickLabelStyle.ForeColor = axis.Label.ForeColor = Muted;
            (axis.TickLabelStyle.FontSize, axis.Label.FontSize, axis.Label.Bold) = (11, 12, false);
            axis.MajorTickStyle.Color = Muted;
            axis.MinorTickStyle.Length = 0;
        }
        plot.Axes.Left.MajorTickStyle.Length = plot.Axes.Right.MajorTickStyle.Length = 0;
        plot.Axes.Bottom.MajorTickStyle.Length = 4;
    }

    /// <summary>A horizontal axis that counts loops: from 1 on, ticks at whole numbers.</summary>
    public static void Loops(Plot plot, int deepest)
    {
        double margin = Math.Min(0.5, 0.06 * deepest);
        (plot.Axes.Bottom.Min, plot.Axes.Bottom.Max) = (1 - margin, deepest + margin);
        plot.Axes.Bottom.TickGenerator = new NumericAutomatic { IntegerTicksOnly = true };
    }

    /// <summary>A legend without a frame, on top of the curves.</summary>
    public static Legend ShowLegend(Plot plot, Alignment alignment = Alignment.UpperRight)
    {
        Legend legend = plot.Legend;
        (legend.IsVisible, legend.Alignment, legend.OutlineWidth) = (true, alignment, 0);
        (legend.ShadowColor, legend.BackgroundColor) = (Colors.Transparent, Colors.White.WithAlpha(0.85));
        (legend.FontName, legend.FontSize, legend.FontColor) = (PlotFont.Name, 12, Ink);
        return legend;
    }
}
