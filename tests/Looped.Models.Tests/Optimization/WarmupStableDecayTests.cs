using Looped.Models.Optimization;
using Looped.Models.Recipes;

namespace Looped.Models.Tests.Optimization;

public class WarmupStableDecayTests
{
    private static readonly ScheduleRecipe Schedule = new() { Name = ScheduleName.WarmupStableDecay, WarmupFraction = 0.1, DecayFraction = 0.2, FinalFraction = 0.001 };

    // Hugging Face's schedule for 100 updates, 10 of them warming up and 20 falling, and a smallest share of 0.001.
    [Theory]
    [InlineData(0, 0.001)]
    [InlineData(5, 0.5005)]         // 0.5 · 0.999 + 0.001
    [InlineData(10, 1)]
    [InlineData(79, 1)]
    [InlineData(80, 1)]             // the fall begins with the peak
    [InlineData(90, 0.5005)]        // half a cosine is at its middle
    [InlineData(99, 0.0071497)]     // (1 + cos(0.95 π)) / 2 · 0.999 + 0.001
    public void The_rate_climbs_stays_and_falls(long step, double share) => Assert.Equal(share, LearningRate.At(Schedule, 1, step, 100), 1e-7);

    [Fact]
    public void Without_a_warm_up_or_a_fall_it_is_the_peak() =>
        Assert.All(Enumerable.Range(0, 10), step => Assert.Equal(2.0, LearningRate.At(Schedule with { WarmupFraction = 0, DecayFraction = 0 }, 2, step, 10)));
}
