namespace Looped.Actors.Supervision;

/// <summary>The name of a generation. A later supervisor has a higher term; numbers grow within the run.</summary>
/// <param name="Term">Which supervisor planned it.</param>
/// <param name="Number">Counts generations of the run.</param>
public readonly record struct GenerationId(long Term, long Number) : IComparable<GenerationId>
{
    /// <inheritdoc/>
    public int CompareTo(GenerationId other) => (Term, Number).CompareTo((other.Term, other.Number));

    /// <summary>Whether the left one is older.</summary>
    public static bool operator <(GenerationId left, GenerationId right) => left.CompareTo(right) < 0;

    /// <summary>Whether the left one is newer.</summary>
    public static bool operator >(GenerationId left, GenerationId right) => left.CompareTo(right) > 0;

    /// <summary>Whether the left one is not newer.</summary>
    public static bool operator <=(GenerationId left, GenerationId right) => left.CompareTo(right) <= 0;

    /// <summary>Whether the left one is not older.</summary>
    public static bool operator >=(GenerationId left, GenerationId right) => left.CompareTo(right) >= 0;

    /// <summary>Such as <c>2.7</c>: term 2, number 7.</summary>
    public override string ToString() => $"{Term}.{Number}";
}

/// <summary>Everything a worker needs to take part in a generation: complete, so that it can travel from worker to worker.</summary>
/// <param name="Generation">Members, ranks and assignment.</param>
/// <param name="Endpoints">HOST:PORT of each rank's data-plane listener.</param>
/// <param name="After">The generation that hands over at the end of a step; null if there is none to wait for.</param>
/// <param name="BaseStep">Committed steps that <paramref name="First"/> is about; −1 if nothing is kept.</param>
/// <param name="BaseHash">State hash at that step; null if nothing is kept.</param>
/// <param name="First">The assignment of the step in progress after a loss: each rank keeps what it holds; null if nothing is kept.</param>
/// <param name="Restore">Whether the newest checkpoint is read if it is ahead of what the members have in memory.</param>
public sealed record GenerationPlan(
    Generation Generation, IReadOnlyList<string> Endpoints, GenerationId? After, long BaseStep, string? BaseHash,
    IReadOnlyList<IReadOnlyList<int>>? First, bool Restore)
{
    /// <summary>The generation's name.</summary>
    public GenerationId Id => new(Generation.Term, Generation.Number);

    /// <summary>
    /// W3C trace context of the generation's span, so that all that the members do for it is one trace; null if the supervisor traces nothing.
    /// The actor adds it to a plan that is made: decisions never look at it.
    /// </summary>
    public string? Trace { get; init; }

    /// <summary>The assignment of a step.</summary>
    /// <param name="step">Committed steps before it.</param>
    public IReadOnlyList<IReadOnlyList<int>> AssignmentOf(long step) => First is not null && step == BaseStep ? First : Generation.Assignment;

    /// <summary>The rank of a worker, or −1.</summary>
    public int RankOf(string worker)
    {
        for (int rank = 0; rank < Generation.Members.Count; rank++)
            if (Generation.Members[rank] == worker) return rank;
        return -1;
    }
}
