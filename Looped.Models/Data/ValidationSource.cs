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
    public IEnumerable<MicroBatch> Batches(int batchSequences, int? maxBatches = null) =>
        ValidationOrder.Batches(SequenceCount, batchSequences, maxBatches).Select((windows, i) => _windows.Read(step: 0, i, windows));
}
