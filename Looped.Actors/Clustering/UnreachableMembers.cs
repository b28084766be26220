using System.Collections.Immutable;

namespace Looped.Actors.Clustering;

/// <summary>
/// How long members have been unreachable, and which of them for too long. Only time counts in which the observer looked: one that was
/// stopped, or starved of its processor, was itself the one who was away.
/// </summary>
/// <typeparam name="TMember">What names a member.</typeparam>
/// <param name="Patience">How long a member may be unreachable.</param>
internal sealed record UnreachableMembers<TMember>(TimeSpan Patience)
    where TMember : notnull
{
    private ImmutableDictionary<TMember, TimeSpan> For { get; init; } = ImmutableDictionary<TMember, TimeSpan>.Empty;

    private TimeSpan? Observed { get; init; }

    /// <summary>How often to look; between two looks, twice this counts at most.</summary>
    public TimeSpan Interval => Patience / 10;

    /// <summary>Takes an observation in.</summary>
    /// <param name="now">Any monotonic time.</param>
    /// <param name="unreachable">Members that are unreachable now.</param>
    /// <returns>The next state, and the members whose time is up; it then starts again.</returns>
    public (UnreachableMembers<TMember> Next, IReadOnlyList<TMember> TooLong) Observe(TimeSpan now, IEnumerable<TMember> unreachable)
    {
        TimeSpan passed = TimeSpan.FromTicks(Math.Min((now - Observed ?? TimeSpan.Zero).Ticks, 2 * Interval.Ticks));
        var times = unreachable.ToImmutableDictionary(m => m, m => For.TryGetValue(m, out TimeSpan before) ? before + passed : TimeSpan.Zero);
        TMember[] tooLong = [.. times.Where(p => p.Value >= Patience).Select(p => p.Key)];
        return (this with { For = times.RemoveRange(tooLong), Observed = now }, tooLong);
    }
}
