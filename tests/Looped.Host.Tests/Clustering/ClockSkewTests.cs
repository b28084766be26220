using Looped.Host.Clustering;

namespace Looped.Host.Tests.Clustering;

public class ClockSkewTests
{
    private static readonly DateTime Seed = new(2026, 11, 26, 12, 0, 0, DateTimeKind.Utc);

    [Fact]
    public void A_clock_that_differs_by_more_than_an_answer_takes_is_told_with_its_direction()
    {
        Assert.Null(ClockSkew.Describe(Seed.AddSeconds(1), Seed));
        Assert.Null(ClockSkew.Describe(Seed, null));
        Assert.Contains("3,600 s ahead of the seed's", ClockSkew.Describe(Seed.AddHours(1), Seed), StringComparison.Ordinal);
        Assert.Contains("40 s behind the seed's", ClockSkew.Describe(Seed.AddSeconds(-40), Seed), StringComparison.Ordinal);
    }
}
