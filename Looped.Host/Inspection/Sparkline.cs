namespace Looped.Host.Inspection;

/// <summary>A curve in one line of text.</summary>
internal static class Sparkline
{
    private const string Blocks = "▁▂▃▄▅▆▇█", Plain = "_.-~=+*#";

    /// <summary>Draws values from the lowest to the highest; several values share a column by their mean, what is not finite is a space.</summary>
    /// <param name="values">In order.</param>
    /// <param name="width">Columns at most.</param>
    /// <param name="unicode">Whether block characters can be shown.</param>
    public static string Draw(IReadOnlyList<double> values, int width, bool unicode = true)
    {
        double[] columns = Columns(values, width), finite = [.. columns.Where(double.IsFinite)];
        if (finite.Length == 0) return "";
        string levels = unicode ? Blocks : Plain;
        (double low, double high) = (finite.Min(), finite.Max());
        return string.Concat(columns.Select(v => !double.IsFinite(v) ? ' '
            : high == low ? levels[levels.Length / 2] : levels[(int)Math.Min(levels.Length - 1, (v - low) / (high - low) * levels.Length)]));
    }

    private static double[] Columns(IReadOnlyList<double> values, int width)
    {
        int columns = Math.Min(Math.Max(1, width), values.Count);
        return [.. Enumerable.Range(0, columns).Select(c =>
        {
            double[] share = [.. Enumerable.Range(0, values.Count).Skip(c * values.Count / columns).Take((c + 1) * values.Count / columns - c * values.Count / columns)
                .Select(i => values[i]).Where(double.IsFinite)];
            return share.Length == 0 ? double.NaN : share.Average();
        })];
    }
}
