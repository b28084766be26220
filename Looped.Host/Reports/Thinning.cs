namespace Looped.Host.Reports;

/// <summary>Leaves out points that no screen could show apart, so that a run of a million steps gives a page of ordinary size.</summary>
internal static class Thinning
{
    /// <summary>At most about so many points; of every stretch the lowest and the highest stay, so that no spike is lost.</summary>
    public static IReadOnlyList<(double X, double Y)> Extremes(IReadOnlyList<(double X, double Y)> points, int most)
    {
        (double X, double Y)[] finite = [.. points.Where(p => double.IsFinite(p.Y))];
        if (finite.Length <= most) return finite;
        var kept = new List<(double X, double Y)>();
        foreach ((double X, double Y)[] stretch in finite.Chunk((int)Math.Ceiling(2.0 * finite.Length / most)))
        {
            ((double X, double Y) low, (double X, double Y) high) = (stretch.MinBy(p => p.Y), stretch.MaxBy(p => p.Y));
            kept.AddRange(low == high ? [low] : low.X < high.X ? [low, high] : [high, low]);
        }
        return kept;
    }

    /// <summary>At most about so many, evenly, the last one always.</summary>
    public static IReadOnlyList<T> Evenly<T>(IReadOnlyList<T> items, int most)
    {
        if (items.Count <= most) return items;
        double stride = (double)items.Count / most;
        return [.. Enumerable.Range(0, most).Select(i => items[(int)(i * stride)]), items[^1]];
    }
}
