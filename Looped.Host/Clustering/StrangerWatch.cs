using System.Diagnostics;

namespace Looped.Host.Clustering;

/// <summary>Tells people that connections without the cluster's secret were dropped: soon after the first, then at most once a minute, and at the end.</summary>
internal sealed class StrangerWatch : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5), Pause = TimeSpan.FromMinutes(1);

    private readonly Func<long> _count;
    private readonly Action<string> _warn;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly Timer _timer;
    private readonly Lock _gate = new();
    private TimeSpan _quietUntil;
    private long _told;

    /// <summary>Begins to look.</summary>
    /// <param name="count">How many were dropped so far.</param>
    /// <param name="warn">Told in a sentence or two.</param>
    public StrangerWatch(Func<long> count, Action<string> warn)
    {
        (_count, _warn) = (count, warn);
        _timer = new Timer(_ => Look(Stopwatch.GetElapsedTime(_started)), null, Interval, Interval);
    }

    /// <summary>Says what is new, unless it has just said something.</summary>
    /// <param name="now">Since the start.</param>
    internal void Look(TimeSpan now)
    {
        lock (_gate)
        {
            long count = _count();
            if (count == _told || now < _quietUntil) return;
            (_told, _quietUntil) = (count, now + Pause);
            _warn($"{(count == 1 ? "1 connection" : $"{count:N0} connections")} without the cluster's secret dropped so far, and nothing disturbed. "
                + "If a node of yours cannot join, give it the same secret; else see who connects to this port.");
        }
    }

    /// <summary>Says what has not been said yet.</summary>
    public void Dispose()
    {
        _timer.Dispose();
        Look(TimeSpan.MaxValue - Pause);
    }
}
