namespace Looped.Models.Data;

/// <summary>Micro-batches of a prepared data set's training tokens.</summary>
public sealed class MicroBatchSource : IMicroBatchSource
{
    private readonly TokenDataset _data;
    private readonly TokenWindows _windows;
    private readonly SequenceSampler _sampler;

    /// <summary>Creates the source.</summary>
    /// <param name="data">The data set; it stays the caller's.</param>
    /// <param name="sequenceLength">T, tokens in a sequence.</param>
    /// <param name="seed">The data seed.</param>
    /// <param name="globalSequences">G, sequences of a step.</param>
    /// <param name="microSequences">B, sequences of a micro-batch.</param>
    /// <exception cref="UsageException">The data set has fewer sequences than one step takes.</exception>
    public MicroBatchSource(TokenDataset data, int sequenceLength, long seed, int globalSequences, int microSequences)
    {
        ArgumentNullException.ThrowIfNull(data);
        _data = data;
        _windows = new TokenWindows(data.Train, sequenceLength);
        if (_windows.Count < globalSequences)
        {
            throw new UsageException(
                $"A step takes {globalSequences} sequences of {sequenceLength} tokens, but {data.Train.Path} has {data.Train.Count} tokens, " +
                $"which make {_windows.Count}; use more data, or lower batch.global_sequences or model.sequence_length.");
        }
        _sampler = new SequenceSampler(_windows.Count, seed, globalSequences, microSequences);
    }

    /// <inheritdoc/>
    public long SequenceCount => _windows.Count;

    /// <inheritdoc/>
    public MicroBatch Load(long step, int microBatch) => _windows.Read(step, microBatch, _sampler.Indices(step, microBatch));

    /// <inheritdoc/>
    public string Describe() =>
        $"{_data.Train.Count:N0} training tokens in {SequenceCount:N0} sequences of {_windows.Length}, {_data.Tokenizer.Name}, vocabulary {_data.VocabularySize:N0}";
}
