namespace Looped.Models.Evaluation.Parity;

/// <summary>How a case ended.</summary>
public enum ParityOutcome
{
    /// <summary>Everything compared lies within its tolerance.</summary>
    Passed,

    /// <summary>Something does not, or could not be compared.</summary>
    Failed,

    /// <summary>The file documents a defect of the original; nothing is compared and nothing failed.</summary>
    NotCompared,
}

/// <summary>One compared output.</summary>
/// <param name="Name">Its name without `case.NAME.`.</param>
/// <param name="LargestError">max|a − b|; NaN where no number can be given.</param>
/// <param name="Allowed">The error its tolerance allows.</param>
/// <param name="Passed">Whether it passed.</param>
/// <param name="Problem">What is wrong other than the size of the error; null otherwise.</param>
public sealed record ParityComparison(string Name, double LargestError, double Allowed, bool Passed, string? Problem = null)
{
    /// <summary>The error as a share of what is allowed; infinite where an output is missing or has another shape.</summary>
    public double Share => LargestError == 0 ? 0 : double.IsNaN(LargestError) ? double.PositiveInfinity : LargestError / Allowed;
}

/// <summary>A row of the parity report: one case of one vector.</summary>
/// <param name="Vector">The `name` of the vector, or its file where it could not be read.</param>
/// <param name="Case">The case within it.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="Comparisons">Every compared output.</param>
/// <param name="Message">What to know besides; empty if nothing.</param>
public sealed record ParityRow(string Vector, string Case, ParityOutcome Outcome, IReadOnlyList<ParityComparison> Comparisons, string Message = "")
{
    /// <summary>`vector/case`.</summary>
    public string FullName => $"{Vector}/{Case}";

    /// <summary>The comparison nearest to its tolerance or furthest beyond it; null where nothing was compared.</summary>
    public ParityComparison? Worst => Comparisons.OrderBy(c => c.Passed).ThenByDescending(c => c.Share).FirstOrDefault();

    /// <summary>
    /// The outputs a table shows: every one that does not pass, and of the others the one nearest to its tolerance of each kind of name
    /// (`output.logits` is a kind of its own, all of `grad.*` are one).
    /// </summary>
    public IEnumerable<ParityComparison> Summary() => Comparisons
        .GroupBy(c => c.Name.StartsWith("output", StringComparison.Ordinal) ? c.Name : c.Name.Split('.')[0])
        .SelectMany(kind => kind.Any(c => !c.Passed)
            ? kind.Where(c => !c.Passed)
            : kind.OrderByDescending(c => c.Share).Take(1).Select(c => kind.Count() == 1 ? c : c with { Name = $"{kind.Count()} × {kind.Key}, worst {c.Name}" }));

    /// <summary>A row for something that could not even be compared.</summary>
    public static ParityRow Failure(string vector, string name, string message) => new(vector, name, ParityOutcome.Failed, [], message);
}
