using Looped.Models.Evaluation;
using Looped.Models.Families;
using static Looped.Models.Tests.Families.CoTFormers;

namespace Looped.Models.Tests.Evaluation;

public class RouterHistogramsTests
{
    [Fact]
    public void Weights_are_counted_by_part_and_the_error_is_that_of_the_sequences_means()
    {
        WeightSpread spread = WeightSpread.Of([0, 0.001f, 0.5f, 1, 0.25f, 0.25f, 0.3f, 0.2f], sequences: 2, bins: 4);
        Assert.Equal([3 / 8.0, 3 / 8.0, 1 / 8.0, 1 / 8.0], spread.Shares);
        Assert.Equal((0.25, 0.25), (spread.Closed, spread.Median));
        double a = (0.001f + 0.5 + 1) / 4, b = (0.25 + 0.25 + 0.3f + (double)0.2f) / 4;
        Assert.Equal((a + b) / 2, spread.Mean, 1e-12);
        Assert.Equal(Math.Abs(a - b) / 2, spread.StandardError, 1e-12);
    }

    [Theory]
    [InlineData("adm")]
    [InlineData("adaptive_but")]
    public void Every_router_is_asked_about_every_token_and_the_cascade_only_falls(string name)
    {
        using LanguageModel model = Create(Configs[name]);
        IReadOnlyList<RouterHistogram> routers = RouterHistograms.Measure(model, ComputeSweepTests.Batches(2), cancellation: TestContext.Current.CancellationToken);
        Assert.Equal([1, 2], routers.Select(r => r.Router));
        Assert.All(routers, r => Assert.Equal(1, r.Raw.Shares.Sum(), 1e-12));
        Assert.Equal(routers[0].Raw.Shares, routers[0].Cascade.Shares);
        Assert.True(routers[1].Cascade.Mean < Math.Min(routers[0].Cascade.Mean, routers[1].Raw.Mean));
    }

    [Fact]
    public void A_model_without_routers_is_told_which_ones_have_them()
    {
        using LanguageModel model = Create(Configs["ln_cotformer"]);
        UsageException error = Assert.Throws<UsageException>(() => RouterHistograms.Measure(model, ComputeSweepTests.Batches(2), cancellation: TestContext.Current.CancellationToken));
        Assert.Contains("has no routers", error.Message, StringComparison.Ordinal);
    }
}
