using System.Globalization;

namespace Looped.Host.Reports;

/// <summary>A range of values and where they lie between 0 and 1.</summary>
internal sealed record Axis(double Low, double High, bool Logarithmic = false)
{
    /// <summary>A range that holds all finite values, with some air; a logarithmic one leaves out what is not positive.</summary>
    public static Axis Around(IEnumerable<double> values, double air = 0.06, bool logarithmic = false, bool fromZero = false)
    {
        double[] finite = [.. values.Where(v => double.IsFinite(v) && (!logarithmic || v > 0))];
        if (finite.Length == 0) return logarithmic ? new(0.1, 10, true) : new(0, 1);
        (double low, double high) = logarithmic ? (Math.Log10(finite.Min()), Math.Log10(finite.Max())) : (finite.Min(), finite.Max());
        if (fromZero) low = Math.Min(0, low);
        double margin = high > low ? (high - low) * air : Math.Max(Math.Abs(high) * 0.1, logarithmic ? 0.5 : 1e-9);
        (low, high) = (fromZero && low == 0 ? 0 : low - margin, high + margin);
        return logarithmic ? new(Math.Pow(10, low), Math.Pow(10, high), true) : new(low, high);
    }

    /// <summary>From 0 at the low end to 1 at the high one; outside of it beyond.</summary>
    public double At(double value) => Logarithmic
        ? (Math.Log10(Math.Max(value, double.Epsilon)) - Math.Log10(Low)) / (Math.Log10(High) - Math.Log10(Low))
        : (value - Low) / (High - Low);

    /// <summary>Round values in the range, about as many as asked for.</summary>
    public IReadOnlyList<double> Ticks(int about, bool whole = false)
    {
        if (Logarithmic && Math.Log10(High / Low) >= 1) return Decades(about);
        double step = Round((High - Low) / Math.Max(1, about));
        if (whole) step = Math.Max(1, Math.Round(step));
        var ticks = new List<double>();
        for (double k = Math.Ceiling(Low / step - 1e-9); k * step <= High + step * 1e-9; k++) ticks.Add(k * step);
        return ticks;
    }

    private List<double> Decades(int about)
    {
        int first = (int)Math.Floor(Math.Log10(Low)), last = (int)Math.Ceiling(Math.Log10(High));
        double[] within = last - first <= about / 2 ? [1, 2, 5] : [1];
        int stride = Math.Max(1, (last - first) / Math.Max(1, about));
        return [.. Enumerable.Range(0, last - first + 1).Where(d => d % stride == 0).SelectMany(d => within.Select(w => w * Math.Pow(10, first + d))).Where(v => v >= Low && v <= High)];
    }

    private static double Round(double step)
    {
        double power = Math.Pow(10, Math.Floor(Math.Log10(step))), digit = step / power;
        return power * (digit <= 1.0001 ? 1 : digit <= 2.0001 ? 2 : digit <= 5.0001 ? 5 : 10);
    }

    /// <summary>A tick as a person writes it: <c>0.05</c>, <c>2e-4</c>, <c>12k</c>.</summary>
    public static string Label(double value)
    {
        double size = Math.Abs(value);
        if (size < 1e-12) return "0";
        string text = size < 1e-3 ? value.ToString("0.##e-0", CultureInfo.InvariantCulture)
            : size < 1e4 ? value.ToString("#,0.####", CultureInfo.InvariantCulture)
            : size < 1e6 ? (value / 1e3).ToString("0.##", CultureInfo.InvariantCulture) + "k"
            : size < 1e9 ? (value / 1e6).ToString("0.##", CultureInfo.InvariantCulture) + "M"
            : (value / 1e9).ToString("0.##", CultureInfo.InvariantCulture) + "G";
        return text;
    }
}
