using Looped.Models.Optimization;

namespace Looped.Models.Tests.Optimization;

public class GradientNormsTests
{
    private static GradientNormSummary? After(int window, params double[] norms)
    {
        var watch = new GradientNorms(window);
        foreach (double norm in norms) watch.Add(norm);
        return watch.Summary();
    }

    [Fact]
    public void It_tells_of_the_last_steps_only() =>
        Assert.Equal(new GradientNormSummary(2, 4, 3, 3, Spike: false), After(3, 100, 3, 4, 2));

    [Fact]
    public void Nothing_is_said_of_nothing() => Assert.Null(After(3));

    [Fact]
    public void A_norm_beyond_five_times_the_mean_it_is_part_of_is_a_spike()
    {
        double[] calm = [.. Enumerable.Repeat(1.0, 9)];
        Assert.True(After(10, [1, .. calm, 12])!.Spike);        // mean 2.1
        Assert.False(After(10, [1, .. calm, 9])!.Spike);        // mean 1.8: exactly five times
    }

    [Fact]
    public void The_first_window_holds_no_spike() => Assert.False(After(10, [50, .. Enumerable.Repeat(1.0, 9)])!.Spike);

    [Fact]
    public void Skipped_steps_do_not_count() => Assert.Equal(2, After(5, 1, double.NaN, 3)!.Mean);

    [Fact]
    public void It_reads_as_a_sentence() =>
        Assert.Equal("gradient norm 2.00, largest 4.00, mean 3.00 over the last 3 steps", After(3, 3, 4, 2)!.ToString());
}
