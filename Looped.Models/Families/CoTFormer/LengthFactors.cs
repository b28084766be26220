namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// Length factors of the adaptive variants: f_1 ≥ … ≥ f_{R−1}, the shares of a sequence's tokens that enter repeats 2 … R (section 4).
/// Draws are single-precision numbers, as in the reference, so that the same draws let the same number of tokens on.
/// </summary>
internal static class LengthFactors
{
    /// <summary>Names of the ways to draw them.</summary>
    public const string Uniform = "uniform", MoreChanceForZero = "more_chance_for_zero_too", ExponentialDecay = "exponential_decay",
        AtLeastTenPercent = "at_least_10percent", PickMid = "pick_mid_and_recurse", PickMidMoreOnes = "pick_mid_and_recurse_more_chance_for_one",
        PickMidEvenMoreOnes = "pick_mid_and_recurse_more_chance_for_one_even_more";

    /// <summary>Draws the factors of one forward pass.</summary>
    /// <param name="method">One of the names above; any other is `uniform`, as in the reference.</param>
    /// <param name="count">R − 1.</param>
    /// <param name="uniform">Gives the next uniform number in [0, 1).</param>
    public static IReadOnlyList<double> Sample(string method, int count, Func<float> uniform) => method switch
    {
        MoreChanceForZero => Sorted(count, () => Math.Clamp(1.1f * uniform() - 0.05f, 0f, 1f)),
        ExponentialDecay => Powers(count, Math.Clamp(1.05f * uniform(), 0f, 1f)),
        AtLeastTenPercent => Powers(count, Math.Clamp(0.95f * uniform() + 0.1f, 0.1f, 1f)),
        PickMid => Halves(count, 0, 1, () => Math.Min(1.05f * uniform(), 1f)),
        PickMidMoreOnes => Halves(count, 0, 1, () => Math.Min(1.5f * uniform(), 1f)),
        PickMidEvenMoreOnes => Halves(count, 0, 1, () => Math.Min(2f * uniform(), 1f)),
        _ => Sorted(count, () => Math.Min(1.05f * uniform(), 1f)),
    };

    /// <summary>c_i = f_i / f_{i−1}, the share that a router lets on, with f_0 = 1; 0 after a factor of 0.</summary>
    public static IReadOnlyList<double> Ratios(IReadOnlyList<double> factors) =>
        [.. factors.Select((f, i) => i == 0 ? f : factors[i - 1] == 0 ? 0 : f / factors[i - 1])];

    /// <summary>n_1 … n_R, the tokens of each repeat: n_1 = T, n_{r+1} = ⌊c_r n_r⌋. Two roundings: it may be one less than ⌊f_r T⌋.</summary>
    public static IReadOnlyList<int> Counts(int tokens, IReadOnlyList<double> factors)
    {
        var counts = new List<int> { tokens };
        foreach (double ratio in Ratios(factors)) counts.Add((int)(ratio * counts[^1]));
        return counts;
    }

    /// <summary>What is wrong with factors that a person gave, or null.</summary>
    /// <param name="factors">Any list.</param>
    /// <param name="repeats">R.</param>
    public static string? Problem(IReadOnlyList<double> factors, int repeats)
    {
        if (factors.Count != repeats - 1)
            return $"{repeats} repeats need {repeats - 1} length factors, one for each repeat after the first, not {factors.Count}";
        if (factors.Any(f => f is not (>= 0 and <= 1)))
            return $"a length factor is a share of the tokens, from 0 to 1, which [{Text(factors)}] is not";
        if (factors.Zip(factors.Skip(1)).Any(pair => pair.Second > pair.First))
            return $"length factors must not rise, because a token that has halted does not come back: [{Text(factors)}]";
        return null;
    }

    /// <summary>The factors of a fixed depth: all tokens run <paramref name="loops"/> of R repeats.</summary>
    public static IReadOnlyList<double> FixedDepth(int loops, int repeats) => [.. Enumerable.Range(1, repeats - 1).Select(i => i < loops ? 1.0 : 0.0)];

    private static string Text(IReadOnlyList<double> factors) => string.Join(", ", factors.Select(f => Recipes.RecipeScalar.Format(f)));

    private static double[] Sorted(int count, Func<float> draw) => [.. Enumerable.Range(0, count).Select(_ => (double)draw()).OrderDescending()];

    private static double[] Powers(int count, float once) => [.. Enumerable.Range(1, count).Select(i => (double)(float)Math.Pow(once, i))];

    private static List<double> Halves(int count, double low, double high, Func<float> draw)
    {
        if (count == 0) return [];
        double middle = draw() * (high - low) + low;
        int above = (count - 1) / 2;
        List<double> upper = Halves(above, middle, high, draw);
        return [.. upper, middle, .. Halves(count - 1 - above, low, middle, draw)];
    }
}
