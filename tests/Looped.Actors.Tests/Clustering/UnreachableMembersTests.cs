using Looped.Actors.Clustering;

namespace Looped.Actors.Tests.Clustering;

public sealed class UnreachableMembersTests
{
    private UnreachableMembers<string> _members = new(TimeSpan.FromMilliseconds(500));

    [Fact]
    public void A_member_is_lost_once_it_was_unreachable_without_a_break_for_long_enough()
    {
        Assert.Empty(Look(0, 450, "a"));
        Assert.Equal(["a"], Look(500, 500, "a", "b"));
        Assert.Empty(Look(550, 950, "b"));
        Assert.Equal(["b"], Look(1000, 1000, "b"));
    }

    [Fact]
    public void A_member_that_came_back_in_between_starts_anew()
    {
        Look(0, 450, "a");
        Look(500, 500);
        Assert.Empty(Look(550, 1000, "a"));
        Assert.Equal(["a"], Look(1050, 1050, "a"));
    }

    [Fact]
    public void An_observer_that_was_stopped_itself_condemns_nobody_for_it()
    {
        Look(0, 300, "a");
        Assert.Empty(Look(60_000, 60_000, "a"));
        Assert.Empty(Look(60_000, 60_000, "a"));
        Assert.Empty(Look(60_050, 60_050, "a"));
        Assert.Equal(["a"], Look(60_100, 60_100, "a"));
    }

    [Fact]
    public void A_member_that_cannot_be_removed_at_once_is_named_again_after_the_same_time()
    {
        Assert.Equal(["a"], Look(0, 500, "a"));
        Assert.Empty(Look(550, 1000, "a"));
        Assert.Equal(["a"], Look(1050, 1050, "a"));
    }

    /// <summary>Looks every 50 ms from one time to another, and gives all that was named.</summary>
    private List<string> Look(int from, int to, params string[] unreachable)
    {
        List<string> lost = [];
        for (int now = from; now <= to; now += 50) lost.AddRange(Observe(now, unreachable));
        return lost;
    }

    private IReadOnlyList<string> Observe(int milliseconds, params string[] unreachable)
    {
        (_members, IReadOnlyList<string> lost) = _members.Observe(TimeSpan.FromMilliseconds(milliseconds), unreachable);
        return lost;
    }
}
