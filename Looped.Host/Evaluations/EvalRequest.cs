using Looped.Models;

namespace Looped.Host.Evaluations;

/// <summary>What a person asked `looped eval` for.</summary>
/// <param name="Checkpoints">At least one.</param>
/// <param name="Overrides">Changes to their recipes.</param>
/// <param name="Batches">Micro-batches to read; null for the whole validation set.</param>
/// <param name="Loops">Repeats; null for the trained number.</param>
/// <param name="SequenceLength">T; null for the trained one.</param>
/// <param name="Problems">Sums to ask for at each number of loops; null for the usual number.</param>
/// <param name="Json">Print JSON, not tables.</param>
/// <param name="Output">Where files go; null for the run folder.</param>
internal sealed record EvalRequest(IReadOnlyList<string> Checkpoints, IReadOnlyList<string> Overrides, int? Batches, int? Loops, int? SequenceLength, int? Problems, bool Json, string? Output)
{
    /// <summary>The same, if the numbers make sense.</summary>
    /// <exception cref="UsageException">One of them is below 1.</exception>
    public EvalRequest Checked()
    {
        foreach ((string option, int? value) in (ReadOnlySpan<(string, int?)>)[("--batches", Batches), ("--loops", Loops), ("--sequence-length", SequenceLength), ("--problems", Problems)])
            if (value < 1) throw new UsageException($"{option} is {value}; it must be at least 1.");
        return this;
    }

    /// <summary>The only checkpoint.</summary>
    /// <exception cref="UsageException">There are several.</exception>
    /// <param name="what">What is measured, with its verb.</param>
    /// <param name="otherwise">What several can be compared by.</param>
    public string Only(string what = "Perplexity is", string otherwise = "--suite compute or --suite router") => Checkpoints is [string one] ? one
        : throw new UsageException($"{what} measured for one checkpoint at a time, not for {Checkpoints.Count}; give one, or compare several by {otherwise}.");
}
