namespace Looped.Models.Evaluation;

/// <summary>Which of several trade-offs are worth having.</summary>
public static class ParetoFrontier
{
    /// <summary>
    /// For each item whether no other one costs at most as much and is at most as bad, and is better in one of the two. Equal items are
    /// all in or all out; an item with a number that is not finite is out.
    /// </summary>
    /// <param name="items">In any order.</param>
    /// <param name="cost">Less is better.</param>
    /// <param name="badness">Less is better.</param>
    public static IReadOnlyList<bool> Of<T>(IReadOnlyList<T> items, Func<T, double> cost, Func<T, double> badness)
    {
        ArgumentNullException.ThrowIfNull(items);
        (double Cost, double Badness)[] all = [.. items.Select(i => (cost(i), badness(i)))];
        return [.. all.Select(p => double.IsFinite(p.Cost) && double.IsFinite(p.Badness) && !all.Any(q => Beats(q, p)))];
    }

    private static bool Beats((double Cost, double Badness) a, (double Cost, double Badness) b) =>
        a.Cost <= b.Cost && a.Badness <= b.Badness && (a.Cost < b.Cost || a.Badness < b.Badness);
}
