using System.Diagnostics;

namespace Looped.Host.Telemetry;

/// <summary>When this process began. Read in the program's first line: what the system says of it goes by another clock, which may have been set since.</summary>
internal static class ProcessClock
{
    /// <summary>The <see cref="Stopwatch"/> timestamp.</summary>
    public static long Started { get; } = Stopwatch.GetTimestamp();
}
