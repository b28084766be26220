using System.Collections.Immutable;

namespace Looped.Actors.Clustering;

/// <summary>
/// Since when members have been unreachable, and which of them for too long. An observer that was itself stopped for a while trusts
/// nothing that it saw before: it was the one who was away.
/// </summary>
/// <typeparam name="TMember">What names a member.</typeparam>
/// <param name="Patience">How long a member may be unreachable.</param>
internal sealed record UnreachableMembers<TMember>(TimeSpan Patience)
    where TMember : notnull
{
    private ImmutableDictionary<TMember, TimeSpan> Since { get; init; } = ImmutableDictionary<TMember, TimeSpan>.Empty;

    private TimeSpan? Observed { get; init; }

    /// <summary>Takes an observation in.</summary>
    /// <param name="now">Any monotonic time.</param>
    /// <param name="unreachable">Members that are unreachable now.</param>
    /// <returns>The next state, and the members that have been unreachable for longer than the patience.</returns>
    public (UnreachableMembers<TMember> Next, IReadOnlyList<TMember> TooLong) Observe(TimeSpan now, IEnumerable<TMember> unreachable)
    {
        bool wasAway = now - Observed > Patience;
        ImmutableDictionary<TMember, TimeSpan> since = unreachable.ToImmutableDictionary(m => m, m => wasAway ? now : Since.GetValueOrDefault(m, now));
        return (this with { Since = since, Observed = now }, [.. since.Where(p => now - p.Value >= Patience).Select(p => p.Key)]);
    }
}
