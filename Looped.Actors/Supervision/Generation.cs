namespace Looped.Actors.Supervision;

/// <summary>
/// A numbered, fixed set of workers with ranks and an assignment of micro-batches. The data plane runs on it without the
/// supervisor until membership changes.
/// </summary>
/// <param name="Term">Which supervisor planned it; a later one has a higher term.</param>
/// <param name="Number">Counts generations of the run.</param>
/// <param name="Members">Worker names; the position is the rank.</param>
/// <param name="Assignment">For each rank, its micro-batches in the order it computes them. Together exactly 0 … M−1.</param>
public sealed record Generation(
    long Term, long Number, IReadOnlyList<string> Members, IReadOnlyList<IReadOnlyList<int>> Assignment)
{
    /// <summary>Number of members.</summary>
    public int WorldSize => Members.Count;

    /// <summary>Deals the micro-batches out evenly, in contiguous runs.</summary>
    /// <param name="term">The supervisor's term.</param>
    /// <param name="number">The generation's number.</param>
    /// <param name="members">Worker names in rank order; at most as many as micro-batches.</param>
    /// <param name="microBatches">M.</param>
    public static Generation Even(long term, long number, IReadOnlyList<string> members, int microBatches)
    {
        ArgumentNullException.ThrowIfNull(members);
        int world = members.Count;
        return new Generation(term, number, members,
            [.. Enumerable.Range(0, world).Select(rank =>
                (IReadOnlyList<int>)[.. Enumerable.Range(0, microBatches).Where(m => (long)m * world / microBatches == rank)])]);
    }
}
