namespace Looped.Models.Data;

/// <summary>A sequence of its own length.</summary>
/// <param name="Tokens">Token ids.</param>
/// <param name="Targets">What each position should predict; <see cref="MicroBatch.Ignored"/> where nothing is scored.</param>
public sealed record Row(int[] Tokens, int[] Targets);

/// <summary>Sequences of different lengths, each with what is scored in it. May be read by several threads at once.</summary>
/// <param name="count">How many there are.</param>
/// <param name="read">Gives one by its number.</param>
/// <param name="padding">The id that fills a batch on the right; nothing is scored there.</param>
internal sealed class Rows(long count, Func<long, Row> read, int padding)
{
    /// <summary>How many there are.</summary>
    public long Count => count;

    /// <summary>Reads rows into a micro-batch as long as the longest of them.</summary>
    public MicroBatch Read(long step, int index, ReadOnlySpan<long> numbers)
    {
        var rows = new Row[numbers.Length];
        for (int i = 0; i < rows.Length; i++) rows[i] = read(numbers[i]);
        int length = rows.Max(r => r.Tokens.Length);
        int[] tokens = new int[rows.Length * length], targets = new int[rows.Length * length];
        Array.Fill(tokens, padding);
        Array.Fill(targets, MicroBatch.Ignored);
        for (int i = 0; i < rows.Length; i++)
        {
            rows[i].Tokens.CopyTo(tokens, i * length);
            rows[i].Targets.CopyTo(targets, i * length);
        }
        return new MicroBatch(step, index, rows.Length, length, tokens, targets);
    }
}

/// <summary>Micro-batches of rows, in the order of the sampler.</summary>
internal sealed class RowMicroBatchSource(Rows rows, SequenceSampler sampler, string description) : IMicroBatchSource
{
    /// <inheritdoc/>
    public long SequenceCount => rows.Count;

    /// <inheritdoc/>
    public MicroBatch Load(long step, int microBatch) => rows.Read(step, microBatch, sampler.Indices(step, microBatch));

    /// <inheritdoc/>
    public string Describe() => description;
}

/// <summary>Rows that a model is evaluated on.</summary>
internal sealed class RowValidationSource(Rows rows) : IValidationSource
{
    /// <inheritdoc/>
    public long SequenceCount => rows.Count;

    /// <inheritdoc/>
    public IEnumerable<MicroBatch> Batches(int batchSequences, int? maxBatches = null) =>
        ValidationOrder.Batches(rows.Count, batchSequences, maxBatches).Select((numbers, i) => rows.Read(step: 0, i, numbers));
}
