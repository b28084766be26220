using Looped.Host.Clustering;

namespace Looped.Host.Tests.Clustering;

public class StrangerWatchTests
{
    [Fact]
    public void Dropped_connections_are_told_at_once_then_once_a_minute_and_at_the_end()
    {
        long count = 0;
        var told = new List<string>();
        using (var watch = new StrangerWatch(() => count, told.Add))
        {
            watch.Look(TimeSpan.FromSeconds(1));
            Assert.Empty(told);
            count = 1;
            watch.Look(TimeSpan.FromSeconds(2));
            Assert.StartsWith("1 connection without the cluster's secret", Assert.Single(told), StringComparison.Ordinal);
            count = 7;
            watch.Look(TimeSpan.FromSeconds(30));
            Assert.Single(told);
            watch.Look(TimeSpan.FromSeconds(63));
            Assert.StartsWith("7 connections", told[^1], StringComparison.Ordinal);
            count = 8;
        }
        Assert.StartsWith("8 connections", told[^1], StringComparison.Ordinal);
        Assert.Equal(3, told.Count);
    }
}
