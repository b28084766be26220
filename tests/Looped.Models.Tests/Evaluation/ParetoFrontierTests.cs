using CsCheck;
using Looped.Models.Evaluation;

namespace Looped.Models.Tests.Evaluation;

public class ParetoFrontierTests
{
    private static IReadOnlyList<bool> Of(params (double Cost, double Badness)[] points) => ParetoFrontier.Of(points, p => p.Cost, p => p.Badness);

    [Fact]
    public void What_is_dearer_and_no_better_is_out_whatever_the_order() =>
        Assert.Equal([true, false, true, false, true], Of((3, 5), (3, 6), (1, 9), (2, 9), (4, 4)));

    [Fact]
    public void Equal_points_are_all_in_or_all_out() =>
        Assert.Equal([true, true, false, false], Of((1, 1), (1, 1), (2, 1), (2, 1)));

    [Fact]
    public void What_is_not_finite_is_out_and_beats_nothing() =>
        Assert.Equal([false, false, true], Of((1, double.NaN), (double.NegativeInfinity, 9), (2, 5)));

    [Fact]
    public void Whoever_is_out_is_beaten_by_one_who_is_in() => Gen.Select(Gen.Int[0, 6], Gen.Int[0, 6]).Array[1, 20].Sample(points =>
    {
        IReadOnlyList<bool> frontier = ParetoFrontier.Of(points, p => p.Item1, p => p.Item2);
        var within = points.Where((_, i) => frontier[i]).ToArray();
        Assert.NotEmpty(within);
        foreach ((int cost, int badness) in points.Where((_, i) => !frontier[i]))
            Assert.Contains(within, p => p.Item1 <= cost && p.Item2 <= badness && (p.Item1, p.Item2) != (cost, badness));
        foreach ((int cost, int badness) in within)
            Assert.DoesNotContain(points, p => p.Item1 <= cost && p.Item2 <= badness && (p.Item1, p.Item2) != (cost, badness));
    });
}
