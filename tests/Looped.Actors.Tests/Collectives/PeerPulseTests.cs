using Looped.Actors.Collectives;
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
    public void A_rank_that_waits_for_others_may_stand_still_for_ever() => Assert.Null(After(1000, new(3, RankPulse.Waiting)));

    [Fact]
    public void A_count_that_stands_still_for_longer_than_five_times_its_slowest_is_a_loss()
    {
        Assert.Null(After(40, new(0, RankPulse.Computing)));
        Assert.Null(After(200, new(1, RankPulse.Computing)));
        Assert.Contains("micro-batch", After(10, new(1, RankPulse.Computing))!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_fast_rank_that_stands_still_for_the_timeout_is_a_loss()
    {
        Assert.Null(After(1, new(0, RankPulse.Computing)));
        Assert.Null(After(10, new(1, RankPulse.Computing)));
        Assert.NotNull(After(2, new(1, RankPulse.Computing)));
    }

    [Fact]
    public void The_first_micro_batch_may_take_twelve_timeouts()
    {
        Assert.Null(After(120, new(0, RankPulse.Computing)));
        Assert.NotNull(After(1, new(0, RankPulse.Computing)));
    }

    [Fact]
    public void A_fast_rank_that_hangs_in_its_logs_its_checkpoint_or_its_data_is_a_loss_after_twelve_timeouts()
    {
        Assert.Null(After(1, new(0, RankPulse.Computing)));
        Assert.Null(After(120, new(1, RankPulse.Between)));
        Assert.Contains("between two micro-batches", After(1, new(1, RankPulse.Between))!, StringComparison.Ordinal);
    }

    [Fact]
    public void A_slow_checkpoint_does_not_make_a_slow_micro_batch_look_usual()
    {
        Assert.Null(After(1, new(0, RankPulse.Computing)));
        Assert.Null(After(50, new(1, RankPulse.Between)));
        Assert.Null(After(10, new(1, RankPulse.Computing)));
        Assert.NotNull(After(2, new(1, RankPulse.Computing)));
    }
}
