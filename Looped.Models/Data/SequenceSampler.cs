using Looped.Models.Randomness;

namespace Looped.Models.Data;

/// <summary>
/// Which sequences a micro-batch consists of: a pure function of (data seed, step, micro-batch). Position <c>p = step·G + microBatch·B + j</c>
/// of the endless stream of sequences lies in epoch <c>p / n</c>; each epoch has its own permutation, so it visits every sequence once.
/// Nothing is remembered between calls, so nothing has to be restored to resume, and any worker can compute any micro-batch.
/// </summary>
public sealed class SequenceSampler
{
    private readonly RandomStream _order;

    /// <summary>Creates the sampler.</summary>
    /// <param name="sequences">n, the sequences of the data set.</param>
    /// <param name="seed">The data seed.</param>
    /// <param name="globalSequences">G, sequences of a step.</param>
    /// <param name="microSequences">B, sequences of a micro-batch; divides G.</param>
    public SequenceSampler(long sequences, long seed, int globalSequences, int microSequences)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(sequences, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(microSequences, 1);
        ArgumentOutOfRangeException.ThrowIfNotEqual(globalSequences % microSequences, 0);
        (Sequences, GlobalSequences, MicroSequences) = (sequences, globalSequences, microSequences);
        _order = RandomStream.Create(seed, "data order");
    }

    /// <summary>n, the sequences of an epoch.</summary>
    public long Sequences { get; }

    /// <summary>G, sequences of a step.</summary>
    public int GlobalSequences { get; }

    /// <summary>B, sequences of a micro-batch.</summary>
    public int MicroSequences { get; }

    /// <summary>The sequences of a micro-batch, B of them, each in [0, n).</summary>
    public long[] Indices(long step, int microBatch)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfNegative(microBatch);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(microBatch, GlobalSequences / MicroSequences);
        var indices = new long[MicroSequences];
        long first = checked(step * GlobalSequences + (long)microBatch * MicroSequences);
        for (int j = 0; j < indices.Length; j++)
        {
            (long epoch, long position) = Math.DivRem(first + j, Sequences);
            indices[j] = new SequencePermutation(Sequences, _order.For("epoch", epoch))[position];
        }
        return indices;
    }
}
