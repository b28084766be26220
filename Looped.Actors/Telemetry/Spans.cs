using System.Diagnostics;

namespace Looped.Actors.Telemetry;

/// <summary>
/// Activity sources and how spans are made. Contexts are given explicitly and nothing is left in <see cref="Activity.Current"/>: actors
/// share threads. Most spans are told afterwards, when it is known what they were.
/// </summary>
public static class Spans
{
    internal const string Run = "looped.run", Generation = "looped.generation", Recovery = "looped.recovery", Step = "looped.step", Checkpoint = "looped.checkpoint",
        Drain = "looped.drain";

    internal static ActivitySource Training { get; } = new(LoopedMetrics.Training);

    internal static ActivitySource Cluster { get; } = new(LoopedMetrics.Cluster);

    internal static ActivitySource Checkpoints { get; } = new(LoopedMetrics.Checkpoint);

    /// <summary>Begins a span; null if nobody listens.</summary>
    /// <param name="source">Where it belongs.</param>
    /// <param name="name">Its name.</param>
    /// <param name="parent">Its parent; default for a root.</param>
    /// <param name="start">When it began; default for now.</param>
    /// <param name="link">A span it has to do with; default for none.</param>
    /// <param name="tags">Its attributes.</param>
    internal static Activity? Begin(ActivitySource source, string name, ActivityContext parent, DateTime start = default, ActivityContext link = default,
        params IEnumerable<KeyValuePair<string, object?>> tags)
    {
        if (!source.HasListeners()) return null;
        Activity? ambient = Activity.Current;
        Activity.Current = null;
        ActivityLink[]? links = link == default ? null : [new ActivityLink(link)];
        Activity? span = source.StartActivity(name, ActivityKind.Internal, parent, tags, links, start);
        Activity.Current = ambient;
        return span;
    }

    /// <summary>Ends a span.</summary>
    internal static void End(this Activity span, DateTime end = default)
    {
        Activity? ambient = Activity.Current;
        if (end != default) span.SetEndTime(end);
        span.Stop();
        Activity.Current = ambient;
    }

    /// <summary>Tells of a span that is over.</summary>
    /// <returns>Its context, for its children; default if nobody listens.</returns>
    internal static ActivityContext Tell(ActivitySource source, string name, ActivityContext parent, DateTime start, DateTime end, ActivityContext link = default,
        params IEnumerable<KeyValuePair<string, object?>> tags)
    {
        using Activity? span = Begin(source, name, parent, start, link, tags);
        span?.End(end < start ? start : end);
        return span?.Context ?? default;
    }

    /// <summary>The wall time of a <see cref="Stopwatch"/> timestamp.</summary>
    internal static DateTime At(long timestamp) => DateTime.UtcNow - Stopwatch.GetElapsedTime(timestamp);

    /// <summary>Reads a W3C traceparent that another node sent; default if there is none.</summary>
    internal static ActivityContext Parse(string? traceparent) =>
        ActivityContext.TryParse(traceparent, null, isRemote: true, out ActivityContext context) ? context : default;
}
