using System.Globalization;

namespace Looped.Host.Clustering;

/// <summary>Whether a node's time of day fits the seed's. Nothing is decided by it: what has a limit is measured by clocks that only count.</summary>
internal static class ClockSkew
{
    /// <summary>An answer may be under way for a second on a busy machine; people read logs by seconds.</summary>
    private static readonly TimeSpan Tolerable = TimeSpan.FromSeconds(3);

    /// <summary>A sentence for people; null if the clocks agree.</summary>
    /// <param name="here">The time here, UTC.</param>
    /// <param name="seed">The seed's, UTC; null if it did not say.</param>
    public static string? Describe(DateTime here, DateTime? seed)
    {
        if (seed is not { } there || (here - there).Duration() <= Tolerable) return null;
        return string.Create(CultureInfo.InvariantCulture, $"this machine's clock is {(here - there).Duration().TotalSeconds:N0} s {(here > there ? "ahead of" : "behind")} the seed's. ")
            + "No weight depends on it, but times in logs, traces and dashboards will not fit together: synchronise it (chrony, NTP).";
    }
}
