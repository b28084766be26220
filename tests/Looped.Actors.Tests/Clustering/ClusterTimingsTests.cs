using System.Reflection;
using Looped.Actors.Clustering;

namespace Looped.Actors.Tests.Clustering;

public sealed class ClusterTimingsTests
{
    [Fact]
    public void The_default_timeout_gives_the_timings_that_were_measured_to_raise_no_false_alarm()
    {
        ClusterTimings t = ClusterTimings.Default;
        Assert.Equal([250, 1000, 50, 200, 200, 250, 2000], Milliseconds(t.Heartbeat, t.HeartbeatPause, t.HeartbeatDeviation, t.Gossip, t.LeaderActions, t.Reaper, t.DownAfter));
        Assert.Equal([300, 10_000], Milliseconds(t.AnswerWindow, t.RestoreLease));
    }

    [Fact]
    public void A_timeout_of_a_second_gives_the_fast_timings_and_a_shorter_one_no_faster_ones()
    {
        foreach (double seconds in (double[])[1, 0.5])
        {
            var t = new ClusterTimings(TimeSpan.FromSeconds(seconds));
            Assert.Equal([100, 400, 20, 100, 100, 100, 500], Milliseconds(t.Heartbeat, t.HeartbeatPause, t.HeartbeatDeviation, t.Gossip, t.LeaderActions, t.Reaper, t.DownAfter));
        }
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(30)]
    [InlineData(3600)]
    public void Timings_of_any_timeout_fit_together(double seconds)
    {
        var t = new ClusterTimings(TimeSpan.FromSeconds(seconds));
        Assert.True(t.HeartbeatPause >= 4 * t.Heartbeat, "a few heartbeats may be lost");
        Assert.True(t.SupervisorHeartbeat <= t.WorkerTimeout / 4, "several signs of life fit into the timeout");
        Assert.True(t.AnswerWindow < t.FormationDeadline && t.DownAfter >= t.Reaper && t.SupervisorSilence > t.HeartbeatPause + t.DownAfter);
        Assert.True(t.FormationPatience >= 4 * t.Handshake, "a lost connection is not mistaken for a lost cluster");
        Assert.True(t.Heartbeat <= TimeSpan.FromSeconds(1), "seeds stay attentive");
    }

    [Fact]
    public void Every_timing_is_listed()
    {
        IEnumerable<TimeSpan> all = typeof(ClusterTimings).GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.PropertyType == typeof(TimeSpan))
            .Select(p => (TimeSpan)p.GetValue(ClusterTimings.Default)!);
        Assert.Equal(all.Order(), ClusterTimings.Default.Rows().Select(r => r.Value).Order());
        Assert.Distinct(ClusterTimings.Default.Rows().Select(r => r.Name));
    }

    private static double[] Milliseconds(params TimeSpan[] times) => [.. times.Select(t => t.TotalMilliseconds)];
}
