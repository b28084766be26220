using CsCheck;
using Looped.Actors.Runs;
using Looped.Actors.Training;
using Looped.Host.Plots;
using Looped.Models;
using Looped.Tests;
using SkiaSharp;

namespace Looped.Host.Tests.Plots;

public sealed class LossPlotTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A run as a small one looks: a fast fall, noise, a few evaluations.</summary>
    internal static RunCurve Curve(string name, int steps = 150, double floor = 2.2, int noise = 0)
    {
        var random = new Random(noise);
        double Loss(int step) => floor + 2.2 * Math.Exp(-step / (steps * 0.16));
        return new(name,
            [.. Enumerable.Range(1, steps).Select(s => new StepReport(s, steps, Loss(s) + 0.16 * (random.NextDouble() - 0.5),
                1e-3 * (s < steps / 5 ? s / (steps / 5.0) : 0.5 + 0.5 * Math.Cos(Math.PI * (s - steps / 5.0) / steps)), 1, s * 2048L, 2600, 0.8, 1, 1, false))],
            [.. Enumerable.Range(0, 4).Select(i => i * steps / 3).Select(s => new EvaluationReport(s, Loss(s) + 0.05, Math.Exp(Loss(s) + 0.05), 4096, false, 1))],
            21.5);
    }

    private static SKBitmap Decode(byte[] png) => SKBitmap.Decode(png);

    /// <summary>Pixels darker than the paper within a part of the picture, given in units of the layout.</summary>
    private static int Ink(SKBitmap image, int left, int top, int right, int bottom)
    {
        int dark = 0;
        for (int y = top * 2; y < bottom * 2; y++)
            for (int x = left * 2; x < right * 2; x++)
                if (image.GetPixel(x, y) is { Alpha: 255 } p && p.Red + p.Green + p.Blue < 600) dark++;
        return dark;
    }

    [Fact]
    public void The_figure_has_title_axes_and_curves_also_where_no_font_is_installed()
    {
        using SKBitmap image = Decode(LossPlot.Render([Curve("quickstart")]));
        Assert.Equal((1920, 1240), (image.Width, image.Height));
        // The program's own font is asked for by name, so that what holds here holds on a machine without fonts.
        Assert.Equal("Inter", PlotFont.Regular.FamilyName);
        Assert.Equal([SKColors.White], new[] { (0, 0), (1919, 0), (0, 1239), (1919, 1239), (20, 60) }.Select(p => image.GetPixel(p.Item1, p.Item2)).Distinct());
        Assert.True(Ink(image, 64, 10, 400, 35) > 300, "title");
        Assert.True(Ink(image, 64, 38, 700, 56) > 300, "caption");
        Assert.True(Ink(image, 0, 100, 60, 460) > 300, "numbers and label of the left axis");
        Assert.True(Ink(image, 900, 100, 960, 460) > 300, "numbers and label of the right axis");
        Assert.True(Ink(image, 80, 70, 880, 470) > 2000, "curves");
    }

    [Fact]
    public void Equal_runs_give_equal_pictures_and_different_runs_do_not()
    {
        Assert.Equal(LossPlot.Render([Curve("a")]), LossPlot.Render([Curve("a")]));
        Assert.NotEqual(LossPlot.Render([Curve("a")]), LossPlot.Render([Curve("a", floor: 2)]));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void A_run_that_has_only_begun_is_drawn(int steps)
    {
        RunCurve begun = Curve("begun", steps) with { Evaluations = [], UnigramPerplexity = null };
        Assert.NotEmpty(LossPlot.Render([begun]));
    }

    [Fact]
    public void Losses_that_are_not_numbers_leave_a_gap_and_no_error()
    {
        RunCurve curve = Curve("diverged");
        RunCurve broken = curve with
        {
            Steps = [.. curve.Steps.Select(s => s.Step > 75 ? s with { Loss = double.NaN, GradientNorm = double.PositiveInfinity } : s)],
            Evaluations = [.. curve.Evaluations.Select(e => e with { Loss = double.NaN, Perplexity = double.NaN })],
        };
        Assert.NotEmpty(LossPlot.Render([broken]));
        Assert.NotEmpty(LossPlot.Render([curve with { Steps = [.. curve.Steps.Select(s => s with { Loss = double.NaN })], Evaluations = [], UnigramPerplexity = null }]));
    }

    [Fact]
    public void A_folder_without_steps_is_bad_usage() =>
        Assert.Contains("nothing to plot", Assert.Throws<UsageException>(() => RunCurve.Read(new RunFolder(_folder.Root))).Message, StringComparison.Ordinal);

    [Fact]
    public void Smoothing_keeps_straight_lines_and_both_ends() =>
        Gen.Select(Gen.Double[-10, 10], Gen.Double[-1, 1], Gen.Int[1, 60], Gen.Int[0, 30]).Sample((start, slope, count, reach) =>
        {
            double[] line = [.. Enumerable.Range(0, count).Select(i => start + slope * i)];
            foreach ((double expected, double actual) in line.Zip(Smoothing.Symmetric(line, reach))) Assert.Equal(expected, actual, 1e-9);
        });

    [Fact]
    public void Smoothing_stays_within_the_values_passes_over_gaps_and_reaches_no_further_than_told() =>
        Gen.Select(Gen.Double[-10, 10].Array[3, 60], Gen.Int[0, 20]).Sample((values, reach) =>
        {
            Assert.Equal(values, Smoothing.Symmetric(values, 0));
            double[] gap = [.. values];
            gap[1] = double.NaN;
            double low = values.Min() - 1e-9, high = values.Max() + 1e-9;
            Assert.All(Smoothing.Symmetric(gap, reach).Where(double.IsFinite), s => Assert.InRange(s, low, high));
            Assert.Equal(values[^1], Smoothing.Symmetric(values, reach)[^1], 1e-9);
        });
}
