using System.Globalization;
using System.Runtime.InteropServices;
using Looped.Models.Data.Tokenizers;
using Looped.Models.Evaluation;
using Looped.Models.Recipes;

namespace Looped.Models.Data.Chat;

/// <summary>A folder of conversations as `looped prepare chat` makes it: a question, and an answer that is to be predicted. Stands on its own.</summary>
public sealed class ChatDataset : IDataset
{
    internal const string TrainName = "train", ValidationName = "val";

    private readonly ChatMeta _meta;
    private readonly Part _train, _validation;

    private ChatDataset(string folder, ChatMeta meta, ITokenizer tokenizer)
    {
        (Folder, _meta, Tokenizer) = (folder, meta, tokenizer);
        _train = new Part(folder, TrainName, meta.Train, meta.VocabularySize);
        _validation = new Part(folder, ValidationName, meta.Validation, meta.VocabularySize);
    }

    /// <inheritdoc/>
    public string Folder { get; }

    /// <inheritdoc/>
    public ITokenizer Tokenizer { get; }

    /// <inheritdoc/>
    public int VocabularySize => _meta.VocabularySize;

    /// <inheritdoc/>
    public string ContentHash => _meta.ContentSha256;

    /// <inheritdoc/>
    public IReadOnlyList<(string Path, string Sha256)> Files =>
        [.. new[] { (TrainName, _meta.Train), (ValidationName, _meta.Validation) }.SelectMany(part => new[]
        {
            (Path.Combine(Folder, $"{part.Item1}.bin"), part.Item2.TokensSha256), (Path.Combine(Folder, $"{part.Item1}.rows"), part.Item2.RowsSha256),
        })];

    /// <summary>Finds the conversations that a recipe names; null if it names something else.</summary>
    /// <param name="data">The recipe's `data` section.</param>
    /// <param name="shippedDataFolder">The folder with the data that ship with the program, by name.</param>
    /// <exception cref="LoopedException">The folder is damaged, or the section contradicts it.</exception>
    public static ChatDataset? Find(DataRecipe data, string shippedDataFolder)
    {
        ArgumentNullException.ThrowIfNull(data);
        string shipped = Path.Combine(shippedDataFolder, data.Source);
        string folder = Path.GetFileName(data.Source) == data.Source && Directory.Exists(shipped) ? shipped : data.Source;
        if (!File.Exists(Path.Combine(folder, ChatMeta.FileName))) return null;
        if (data.Tokenizer.Length > 0) throw new UsageException($"data.tokenizer is {data.Tokenizer}, but {data.Source} has the tokenizer that it was prepared with; leave it empty.");
        return Open(folder);
    }

    /// <summary>Opens a folder.</summary>
    /// <exception cref="LoopedException">Something is missing or does not fit.</exception>
    public static ChatDataset Open(string folder)
    {
        ChatMeta meta = ChatMeta.Read(folder);
        ITokenizer tokenizer = TokenizerFactory.Open(meta.Tokenizer, folder);
        try
        {
            return tokenizer.Identity == meta.Tokenizer.Identity
                ? new ChatDataset(folder, meta, tokenizer)
                : throw new LoopedException($"The tokenizer in {folder} is not the one its {ChatMeta.FileName} describes; prepare the data again with `looped prepare chat`.");
        }
        catch
        {
            tokenizer.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public IMicroBatchSource Training(int sequenceLength, long seed, int globalSequences, int microSequences)
    {
        if (_train.Count < globalSequences)
            throw new UsageException($"A step takes {globalSequences} sequences, but {Folder} has {_train.Count:N0} conversations to train on; use more, or lower batch.global_sequences.");
        return new RowMicroBatchSource(RowsOf(_train, sequenceLength), new SequenceSampler(_train.Count, seed, globalSequences, microSequences),
            string.Create(CultureInfo.InvariantCulture, $"{_train.Count:N0} conversations of {_meta.Train.Tokens:N0} tokens, vocabulary {VocabularySize:N0}"));
    }

    /// <inheritdoc/>
    public IValidationSource Validation(int sequenceLength) => new RowValidationSource(RowsOf(_validation, sequenceLength));

    /// <inheritdoc/>
    public double UnigramPerplexity() => Unigram.Perplexity(_train.CountScored(VocabularySize), _validation.CountScored(VocabularySize));

    /// <inheritdoc/>
    public int[] Prompt(int tokens) => _validation.Prompt(0);

    /// <inheritdoc/>
    public void Dispose()
    {
        _train.Dispose();
        _validation.Dispose();
        Tokenizer.Dispose();
    }

    private Rows RowsOf(Part part, int sequenceLength) => part.Longest - 1 <= sequenceLength
        ? new Rows(part.Count, part.Row, padding: 0)
        : throw new UsageException($"The longest conversation in {Folder} has {part.Longest:N0} tokens, but model.sequence_length is {sequenceLength}; raise it to {part.Longest - 1}, or prepare again with `--most-tokens {sequenceLength + 1}`.");

    /// <summary>The conversations of one file.</summary>
    private sealed class Part : IDisposable
    {
        private readonly TokenFile _tokens;
        private readonly int[] _rows;       // (Count, 3): length, first scored, first after
        private readonly long[] _starts;    // (Count)

        public Part(string folder, string name, ChatPart part, int vocabulary)
        {
            string rows = Path.Combine(folder, name + ".rows");
            byte[] bytes = File.Exists(rows) ? File.ReadAllBytes(rows) : throw new LoopedException($"{rows} is missing; prepare the data again with `looped prepare chat`.");
            if (bytes.LongLength != part.Rows * 3 * sizeof(int))
                throw new LoopedException($"{rows} has {bytes.LongLength} bytes where {ChatMeta.FileName} promises {part.Rows} rows of 12; prepare the data again with `looped prepare chat`.");
            _rows = MemoryMarshal.Cast<byte, int>(bytes).ToArray();
            _starts = new long[part.Rows];
            long next = 0;
            for (long i = 0; i < part.Rows; i++)
            {
                (int length, int from, int to) = At(i);
                if (length < 2 || from < 0 || to <= from || to > length) throw new LoopedException($"{rows}: row {i} is damaged; prepare the data again with `looped prepare chat`.");
                (_starts[i], Longest) = (next, Math.Max(Longest, length));
                next += length;
            }
            if (next != part.Tokens) throw new LoopedException($"{rows} does not fit {name}.bin; prepare the data again with `looped prepare chat`.");
            _tokens = TokenFile.Open(Path.Combine(folder, name + ".bin"), part.Tokens, vocabulary);
        }

        public long Count => _starts.LongLength;

        public int Longest { get; }

        public Row Row(long number)
        {
            (int length, int from, int to) = At(number);
            var ids = new int[length];
            _tokens.Read(_starts[number], ids);
            return new Row(ids[..^1], [.. Enumerable.Range(1, length - 1).Select(i => i >= from && i < to ? ids[i] : MicroBatch.Ignored)]);
        }

        public int[] Prompt(long number)
        {
            var ids = new int[At(number).From];
            _tokens.Read(_starts[number], ids);
            return ids;
        }

        public long[] CountScored(int vocabulary)
        {
            var counts = new long[vocabulary];
            for (long i = 0; i < Count; i++)
                foreach (int id in Row(i).Targets)
                    if (id != MicroBatch.Ignored) counts[id]++;
            return counts;
        }

        public void Dispose() => _tokens.Dispose();

        private (int Length, int From, int To) At(long row) => (_rows[3 * row], _rows[3 * row + 1], _rows[3 * row + 2]);
    }
}
