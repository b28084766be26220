using Looped.Actors.Collectives.Ring;

namespace Looped.Actors.Tests.Collectives;

public class PeerPulseTests
{
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(100);

    private readonly PeerPulse _pulse = new(10 * Tick);

    /// <summary>Time goes by, with or without a sign at each tick; the first reason given.</summary>
    private string? After(int ticks, BeaconFrame.Beat? beat = null) => Enumerable.Range(0, ticks).Select(_ =>
    {
        if (beat is not null) _pulse.Heard(beat);
        return _pulse.Elapse(Tick);
    }).FirstOrDefault(reason => reason is not null);

    [Fact]
    public void Silence_longer_than_the_timeout_is_a_loss()
    {
        Assert.Null(After(10));
        Assert.Contains("no sign of life", After(1)!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rank_that_waits_for_others_may_stand_still_for_ever() => Assert.Null(After(1000, new(3, false)));

    [Fact]
    public void A_count_that_stands_still_for_longer_than_five_times_its_slowest_is_a_loss()
    {
        Assert.Null(After(40, new(0, true)));
        Assert.Null(After(200, new(1, true)));
        Assert.Contains("micro-batch", After(10, new(1, true))!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fast_rank_that_stands_still_for_the_timeout_is_a_loss()
    {
        Assert.Null(After(1, new(0, true)));
        Assert.Null(After(10, new(1, true)));
        Assert.NotNull(After(2, new(1, true)));
    }

    [Fact]
    public void The_first_micro_batch_may_take_twelve_timeouts()
    {
        Assert.Null(After(120, new(0, true)));
        Assert.NotNull(After(1, new(0, true)));
    }
}
