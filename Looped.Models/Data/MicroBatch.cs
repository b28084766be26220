namespace Looped.Models.Data;

/// <summary>
/// The unit of work, of assignment and of reproducibility: <see cref="Sequences"/> sequences of one step, with everything a worker
/// needs to compute their loss and gradient on its own.
/// </summary>
/// <param name="Step">The step it belongs to, from 0.</param>
/// <param name="Index">Its number within the step, 0 … M−1.</param>
/// <param name="Sequences">B, the number of sequences.</param>
/// <param name="Length">T, tokens in a sequence.</param>
/// <param name="Tokens">Token ids, B·T of them, sequence after sequence.</param>
/// <param name="Targets">What each position should predict, B·T; <see cref="Ignored"/> where nothing is scored.</param>
public sealed record MicroBatch(long Step, int Index, int Sequences, int Length, int[] Tokens, int[] Targets)
{
    /// <summary>The target of a position that is not scored.</summary>
    public const int Ignored = -1;

    /// <summary>n, the number of scored positions.</summary>
    public int ScoredTokens => Targets.Length - Targets.AsSpan().Count(Ignored);
}
