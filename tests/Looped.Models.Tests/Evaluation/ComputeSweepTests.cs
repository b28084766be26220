using Looped.Models.Data;
using Looped.Models.Evaluation;
using Looped.Models.Families;
using Looped.Models.Randomness;
using static Looped.Models.Tests.Families.CoTFormers;

namespace Looped.Models.Tests.Evaluation;

public class ComputeSweepTests
{
    private const int Length = 12;

    private static CancellationToken Now => TestContext.Current.CancellationToken;

    internal static MicroBatch[] Batches(int seed) => [.. Enumerable.Range(0, 3).Select(b =>
    {
        RandomStream stream = RandomStream.Create(seed, $"batch {b}");
        int[] tokens = [.. Enumerable.Range(0, 2 * Length + 1).Select(i => (int)(stream.Bits((ulong)i) % Vocabulary))];
        return new MicroBatch(0, b, 2, Length, tokens[..^1], tokens[1..]);
    })];

    private static ComputePoint[] Sweep(LanguageModel model, int? loops = null) => [.. ComputeSweep.Measure(model, Length, Batches(1), Batches(2), loops)];

    [Theory]
    [InlineData("adm")]
    [InlineData("adaptive_but")]
    [InlineData("but")]
    [InlineData("cotformer")]
    [InlineData("ln_cotformer")]
    [InlineData("pondernet")]
    public void Each_fixed_depth_has_the_perplexity_and_the_cost_of_that_many_loops(string name)
    {
        using LanguageModel model = Create(Configs[name]);
        ComputePoint[] depths = [.. Sweep(model).Where(p => p.Choice == DepthChoice.FixedDepth)];
        Assert.Equal([1, 2, 3], depths.Select(p => p.Value));
        for (int loops = 1; loops <= 3; loops++)
        {
            Assert.Equal(Perplexity.Measure(model, Batches(1), loops, cancellation: Now), depths[loops - 1].Quality);
            Assert.Equal(model.MultiplyAccumulates(Length, loops) / (double)Length, depths[loops - 1].MacsPerToken);
        }
        Assert.True(depths[0].MacsPerToken < depths[1].MacsPerToken && depths[1].MacsPerToken < depths[2].MacsPerToken);
    }

    [Fact]
    public void A_threshold_of_0_stops_every_token_and_1_none_and_those_between_cost_ever_more()
    {
        using LanguageModel model = Create(Configs["adm"]);
        ComputePoint[] points = Sweep(model), thresholds = [.. points.Where(p => p.Choice == DepthChoice.RouterThreshold)];
        Assert.Equal(ComputeSweep.Thresholds, thresholds.Select(p => p.Value));
        Assert.Equal([0.0, 0.0], thresholds[0].LengthFactors!);
        Assert.Equal([1.0, 1.0], thresholds[^1].LengthFactors!);
        Assert.Equal(points.Single(p => p is { Choice: DepthChoice.FixedDepth, Value: 1 }).Quality, thresholds[0].Quality);
        Assert.Equal(points.Single(p => p is { Choice: DepthChoice.FixedDepth, Value: 3 }).Quality, thresholds[^1].Quality);
        Assert.Equal(thresholds.Select(p => p.MacsPerToken).Order(), thresholds.Select(p => p.MacsPerToken));
        ComputePoint between = Assert.Single(thresholds, p => p.Value == 0.6);
        Assert.Equal(Perplexity.Measure(model, Batches(1), lengthFactors: between.LengthFactors, cancellation: Now), between.Quality);
    }

    [Fact]
    public void A_model_without_repeats_is_one_point_and_one_without_routers_may_go_deeper_than_it_was_trained()
    {
        using LanguageModel plain = Create(Configs["base"]), looped = Create(Configs["cotformer"]), routed = Create(Configs["adm"]);
        Assert.Single(Sweep(plain));
        Assert.Equal([1, 2, 3, 4, 5], Sweep(looped, loops: 5).Select(p => p.Value));
        Assert.Contains("cannot run 4 loops", Assert.Throws<LoopedException>(() => Sweep(routed, loops: 4)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_losses_of_the_sequences_make_up_the_mean_and_its_standard_error()
    {
        using LanguageModel model = Create(Configs["cotformer"]);
        var losses = new List<double>();
        PerplexityResult result = Perplexity.Measure(model, Batches(1), sequenceLoss: losses.Add, cancellation: Now);
        Assert.Equal(6, losses.Count);
        double mean = losses.Average();
        Assert.Equal(result.Loss, mean, 1e-9); // of equal length
        Assert.Equal(result.StandardError, Math.Sqrt(losses.Sum(l => (l - mean) * (l - mean)) / 5 / 6), 1e-9);
    }
}
