namespace Looped.Models.Data;

/// <summary>Batches of a prepared data set's validation tokens.</summary>
public sealed class ValidationSource : IValidationSource
{
    private readonly TokenWindows _windows;

    /// <summary>Creates the source.</summary>
    /// <param name="data">The data set; it stays the caller's.</param>
    /// <param name="sequenceLength">T, tokens in a sequence.</param>
    /// <exception cref="UsageException">The validation tokens do not fill one sequence.</exception>
    public ValidationSource(TokenDataset data, int sequenceLength)
    {
        ArgumentNullException.ThrowIfNull(data);
        _windows = new TokenWindows(data.Validation, sequenceLength);
        if (_windows.Count == 0)
        {
            throw new UsageException(
                $"A sequence takes {sequenceLength} tokens and its target one more, but {data.Validation.Path} has {data.Validation.Count}; " +
                "use more data or lower model.sequence_length.");
        }
    }

    /// <inheritdoc/>
    public long SequenceCount => _windows.Count;

    /// <inheritdoc/>
    public IEnumerable<MicroBatch> Batches(int batchSequences, int? maxBatches = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSequences, 1);
        if (maxBatches is { } limit) ArgumentOutOfRangeException.ThrowIfLessThan(limit, 1);
        long total = SequenceCount, taken = maxBatches is { } most ? Math.Min(total, (long)batchSequences * most) : total;
        return Read();

        IEnumerable<MicroBatch> Read()
        {
            for (long first = 0; first < taken; first += batchSequences)
            {
                var windows = new long[(int)Math.Min(batchSequences, taken - first)];
                // 128 bits, because the product of two counts may not fit 64.
                for (int j = 0; j < windows.Length; j++) windows[j] = (long)((Int128)(first + j) * total / taken);
                yield return _windows.Read(step: 0, (int)(first / batchSequences), windows);
            }
        }
    }
}
