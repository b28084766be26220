using Looped.Host.Clustering;

namespace Looped.Host.Tests.Clustering;

public class GracePeriodTests
{
    [Theory]
    [InlineData(25, 0, 24)]
    [InlineData(25, 0.1, 23.8)]
    [InlineData(25, 3, 18)]
    [InlineData(25, 30, 12.5)]
    [InlineData(25, 1e300, 12.5)]
    [InlineData(1, 0.05, 0.5)]
    public void A_step_may_go_on_until_the_running_micro_batch_can_still_end(double grace, double secondsPerMicroBatch, double expected) =>
        Assert.Equal(TimeSpan.FromSeconds(expected), GracePeriod.ForStep(TimeSpan.FromSeconds(grace), secondsPerMicroBatch));
}
