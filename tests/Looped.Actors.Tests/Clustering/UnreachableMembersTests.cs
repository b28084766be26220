using Looped.Actors.Clustering;

namespace Looped.Actors.Tests.Clustering;

public sealed class UnreachableMembersTests
{
    private UnreachableMembers<string> _members = new(TimeSpan.FromMilliseconds(500));

    [Fact]
    public void A_member_is_lost_once_it_was_unreachable_without_a_break_for_long_enough()
    {
        Assert.Empty(Observe(0, "a"));
        Assert.Empty(Observe(400, "a", "b"));
        Assert.Equal(["a"], Observe(500, "a", "b"));
        Assert.Equal(["b"], Observe(900, "b"));
    }

    [Fact]
    public void A_member_that_came_back_in_between_starts_anew()
    {
        Observe(0, "a");
        Observe(400);
        Observe(450, "a");
        Assert.Empty(Observe(900, "a"));
        Assert.Equal(["a"], Observe(950, "a"));
    }

    [Fact]
    public void An_observer_that_was_stopped_itself_condemns_nobody_for_it()
    {
        Observe(0, "a");
        Assert.Empty(Observe(60_000, "a"));
        Assert.Empty(Observe(60_400, "a"));
        Assert.Equal(["a"], Observe(60_500, "a"));
    }

    private IReadOnlyList<string> Observe(int milliseconds, params string[] unreachable)
    {
        (_members, IReadOnlyList<string> lost) = _members.Observe(TimeSpan.FromMilliseconds(milliseconds), unreachable);
        return lost;
    }
}
