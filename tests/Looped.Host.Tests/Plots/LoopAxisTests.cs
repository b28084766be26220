using Looped.Host.Plots;
using ScottPlot;

namespace Looped.Host.Tests.Plots;

public class LoopAxisTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(100)]
    public void Loops_are_counted_in_whole_numbers_from_one_on(int deepest)
    {
        PlotFont.Install();
        using var plot = new Plot();
        PlotTheme.Loops(plot, deepest);
        plot.RenderInMemory(600, 300);
        double[] ticks = [.. plot.Axes.Bottom.TickGenerator.Ticks.Where(t => t.IsMajor).Select(t => t.Position)];
        Assert.NotEmpty(ticks);
        Assert.All(ticks, t => Assert.True(t >= 1 && t <= deepest && t == Math.Round(t), $"{t}"));
        Assert.Equal(ticks, plot.Axes.Bottom.TickGenerator.Ticks.Where(t => t.IsMajor).Select(t => double.Parse(t.Label, System.Globalization.CultureInfo.InvariantCulture)));
    }
}
