using System.Globalization;

namespace Looped.Host.CommandLine;

/// <summary>Numbers for people: three digits and a unit.</summary>
internal static class Quantity
{
    /// <summary><c>2.71 M</c>, <c>950</c>.</summary>
    public static string Count(double count) => Scale(count, 1000, ["", "k", "M", "G", "T", "P"]);

    /// <summary><c>1.50 GiB</c>, <c>512 B</c>.</summary>
    public static string Bytes(double bytes) => Scale(bytes, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]);

    /// <summary><c>1:05:09</c>, <c>2:30</c>; <c>0:04</c> below a minute.</summary>
    public static string Duration(TimeSpan duration)
    {
        long seconds = (long)Math.Round(Math.Max(0, duration.TotalSeconds));
        return seconds >= 3600
            ? Invariant($"{seconds / 3600}:{seconds / 60 % 60:00}:{seconds % 60:00}")
            : Invariant($"{seconds / 60}:{seconds % 60:00}");
    }

    private static string Scale(double value, double step, string[] units)
    {
        int unit = 0;
        // 999.5 would be written as four digits.
        for (; unit < units.Length - 1 && Math.Abs(value) >= step - 0.5; unit++)
            value /= step;
        string digits = unit == 0 ? value.ToString("0", CultureInfo.InvariantCulture)
            : value.ToString(Math.Abs(value) < 9.995 ? "0.00" : Math.Abs(value) < 99.95 ? "0.0" : "0", CultureInfo.InvariantCulture);
        return $"{digits} {units[unit]}".TrimEnd();
    }

    private static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
