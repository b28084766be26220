namespace Looped.Models.Data;

/// <summary>Which sequences are read in an evaluation, and in which batches.</summary>
internal static class ValidationOrder
{
    /// <summary>The sequences of each batch.</summary>
    /// <param name="total">Sequences of the whole set.</param>
    /// <param name="batchSequences">Sequences of a batch; the last one may be smaller.</param>
    /// <param name="maxBatches">With a limit, that many batches of sequences spread evenly over the whole set; without, every sequence in order.</param>
    public static IEnumerable<long[]> Batches(long total, int batchSequences, int? maxBatches)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSequences, 1);
        if (maxBatches is { } limit) ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        long taken = maxBatches is { } most ? Math.Min(total, (long)batchSequences * most) : total;
        return Read();

        IEnumerable<long[]> Read()
        {
            for (long first = 0; first < taken; first += batchSequences)
            {
                var batch = new long[(int)Math.Min(batchSequences, taken - first)];
                // 128 bits, because the product of two counts may not fit 64.
                for (int j = 0; j < batch.Length; j++) batch[j] = (long)((Int128)(first + j) * total / taken);
                yield return batch;
            }
        }
    }
}
