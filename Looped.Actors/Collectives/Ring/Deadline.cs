using System.Diagnostics;

namespace Looped.Actors.Collectives.Ring;

/// <summary>A moment of the monotonic clock by which something must be over.</summary>
internal readonly struct Deadline
{
    private readonly long _end;

    private Deadline(long end) => _end = end;

    public static Deadline In(TimeSpan time) => new(Stopwatch.GetTimestamp() + (long)(Math.Min(time.TotalSeconds, 1e9) * Stopwatch.Frequency));

    /// <summary>What is left, never negative.</summary>
    public TimeSpan Left => TimeSpan.FromSeconds(Math.Max(0, (_end - Stopwatch.GetTimestamp()) / (double)Stopwatch.Frequency));

    public bool Passed => Stopwatch.GetTimestamp() >= _end;

    public Deadline OrIn(TimeSpan time)
    {
        Deadline other = In(time);
        return other._end < _end ? other : this;
    }
}
