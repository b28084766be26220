namespace Looped.Actors.Supervision;

/// <summary>Another supervisor claimed a higher term, so this one plans no more. Pure.</summary>
/// <param name="Term">The highest term seen since.</param>
/// <param name="Since">When it was first seen.</param>
public sealed record Superseded(long Term, TimeSpan Since)
{
    /// <summary>
    /// Looks again, because a worker still speaks to this supervisor. If nobody has moved on for a lease, whoever claimed that term is gone, and
    /// this one is to begin anew with a term of its own; should the other live after all, then it is the one superseded.
    /// </summary>
    /// <param name="highest">The highest term by now.</param>
    /// <param name="now">The time.</param>
    /// <param name="lease">How long nobody must have moved on.</param>
    /// <returns>Null if it is to begin anew.</returns>
    public Superseded? Look(long highest, TimeSpan now, TimeSpan lease) =>
        highest != Term ? new Superseded(highest, now) : now - Since >= lease ? null : this;
}
