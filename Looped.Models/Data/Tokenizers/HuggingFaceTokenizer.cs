namespace Looped.Models.Data.Tokenizers;

/// <summary>Any tokenizer in Hugging Face's <c>tokenizer.json</c> format, with the ids that Hugging Face's library gives.</summary>
public sealed class HuggingFaceTokenizer : ITokenizer
{
    private readonly TokenizerJson _json;
    private readonly WordCache? _words;
    private readonly Lock _gate = new();
    private readonly Dictionary<(bool Parse, bool Add, bool Keep), NativeTokenizer> _variants = [];

    /// <summary>Loads a tokenizer.</summary>
    /// <param name="path">A <c>tokenizer.json</c>.</param>
    /// <exception cref="LoopedException">It cannot be read or used.</exception>
    public HuggingFaceTokenizer(string path)
    {
        Name = path;
        _json = TokenizerJson.Read(path);
        NativeTokenizer plain = Variant(parse: false, add: false, keep: false);
        if (_json.WordsStandAlone) _words = new WordCache(plain.Encode);
    }

    /// <inheritdoc/>
    public string Name { get; }

    /// <inheritdoc/>
    public string Identity => $"huggingface-{Sha256}";

    /// <inheritdoc/>
    public int VocabularySize => _json.VocabularySize;

    /// <inheritdoc/>
    public int? EndOfDocument => _json.EndOfDocument;

    /// <summary>The hash of the <c>tokenizer.json</c>.</summary>
    public string Sha256 => _json.Sha256;

    /// <summary>The <c>tokenizer.json</c> as it is.</summary>
    public ReadOnlyMemory<byte> Definition => _json.Content;

    /// <inheritdoc/>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return _words?.Encode(text) ?? Encode(text, parseSpecial: false, addSpecial: false);
    }

    /// <summary>The ids of a text, special tokens treated as asked.</summary>
    /// <param name="text">The text.</param>
    /// <param name="parseSpecial">Whether special tokens in the text become their id.</param>
    /// <param name="addSpecial">Whether the tokenizer's template (such as a token that begins every text) is applied.</param>
    public int[] Encode(string text, bool parseSpecial, bool addSpecial) => Variant(parseSpecial, addSpecial, keep: false).Encode(text);

    /// <inheritdoc/>
    public string Decode(IReadOnlyList<int> ids) => Decode(ids, skipSpecial: false);

    /// <summary>The text of ids.</summary>
    /// <param name="ids">The ids; each must be in the vocabulary.</param>
    /// <param name="skipSpecial">Whether special tokens are left out.</param>
    public string Decode(IReadOnlyList<int> ids, bool skipSpecial)
    {
        ArgumentNullException.ThrowIfNull(ids);
        foreach (int id in ids) ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)id, (uint)VocabularySize, nameof(ids));
        return Variant(parse: true, add: false, keep: !skipSpecial).Decode(ids);
    }

    /// <inheritdoc/>
    public int LastCut(ReadOnlySpan<char> text) => _words is null ? 0 : WordCache.LastWord(text);

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (NativeTokenizer variant in _variants.Values) variant.Dispose();
    }

    private NativeTokenizer Variant(bool parse, bool add, bool keep)
    {
        lock (_gate)
        {
            if (_variants.TryGetValue((parse, add, keep), out NativeTokenizer? variant)) return variant;
            return _variants[(parse, add, keep)] = new NativeTokenizer(_json.Variant(parse, add, keep), Name);
        }
    }
}
