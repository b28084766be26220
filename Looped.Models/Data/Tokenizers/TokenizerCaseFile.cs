using System.Text.Json;

namespace Looped.Models.Data.Tokenizers;

/// <summary>How a tokenizer did in one case of a case file.</summary>
/// <param name="Name">The tokenizer and the case, as <c>gpt2/spaces-01</c>.</param>
/// <param name="Passed">Whether every id and character was as expected.</param>
/// <param name="Detail">What differed; empty for a pass.</param>
public sealed record TokenizerCaseResult(string Name, bool Passed, string Detail);

/// <summary>
/// A file of texts with the ids that tokenizers must give, and of ids with the text that they must give. Tokenizer files are named in it
/// relative to it.
/// </summary>
public sealed class TokenizerCaseFile
{
    private readonly string _folder;
    private readonly CaseFile _content;

    private TokenizerCaseFile(string folder, CaseFile content) => (_folder, _content) = (folder, content);

    /// <summary>Reads a case file.</summary>
    /// <exception cref="LoopedException">It cannot be read, or is something else.</exception>
    public static TokenizerCaseFile Load(string path)
    {
        try
        {
            CaseFile content = JsonSerializer.Deserialize<CaseFile>(File.ReadAllBytes(path), Json) ?? throw new JsonException("it is empty");
            return new TokenizerCaseFile(Path.GetDirectoryName(Path.GetFullPath(path))!, content);
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new LoopedException($"{path} cannot be read as a tokenizer case file: {e.Message}", e);
        }
    }

    /// <summary>Whether a JSON document is a tokenizer case file rather than something else.</summary>
    public static bool Recognizes(JsonElement document) =>
        document.ValueKind == JsonValueKind.Object && document.TryGetProperty("tokenizers", out _) && document.TryGetProperty("cases", out _);

    /// <summary>Runs every case.</summary>
    public IEnumerable<TokenizerCaseResult> Run()
    {
        foreach ((string name, TokenizerEntry entry) in _content.Tokenizers)
        {
            using var tokenizer = new HuggingFaceTokenizer(Path.Combine(_folder, entry.File));
            yield return Result($"{name}/vocabulary", Difference("vocabulary size", tokenizer.VocabularySize, entry.VocabSize));
            foreach (TextCase text in _content.Cases.Where(c => c.Ids.ContainsKey(name)))
                yield return Result($"{name}/{text.Id}", Check(tokenizer, name, text));
            foreach (DecodeCase ids in _content.DecodeCases.Where(c => c.Tokenizer == name))
                yield return Result($"{name}/{ids.Id}", Difference("text", tokenizer.Decode(ids.Ids, ids.SkipSpecial), ids.Text));
        }
    }

    private static TokenizerCaseResult Result(string name, string problem) => new(name, problem.Length == 0, problem);

    private static string Check(HuggingFaceTokenizer tokenizer, string name, TextCase text)
    {
        int[] expected = text.Ids[name], actual = tokenizer.Encode(text.Text, text.ParseSpecial, text.AddSpecial);
        if (!actual.SequenceEqual(expected)) return $"ids [{string.Join(' ', actual)}], expected [{string.Join(' ', expected)}]";

        // Documents take another path than the options above: both must agree.
        if (!text.ParseSpecial && !text.AddSpecial && !tokenizer.Encode(text.Text).SequenceEqual(expected)) return "word by word the ids differ";

        string decoded = text.Decoded?.GetValueOrDefault(name) ?? text.Text;
        return Difference("decoded text", tokenizer.Decode(expected), decoded);
    }

    private static string Difference<T>(string what, T actual, T expected) =>
        Equals(actual, expected) ? "" : $"{what} {JsonSerializer.Serialize(actual)}, expected {JsonSerializer.Serialize(expected)}";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
    };

    private sealed record CaseFile(Dictionary<string, TokenizerEntry> Tokenizers, IReadOnlyList<TextCase> Cases, IReadOnlyList<DecodeCase> DecodeCases);

    private sealed record TokenizerEntry(string File, int VocabSize);

    private sealed record TextCase(string Id, string Text, bool ParseSpecial, bool AddSpecial, Dictionary<string, int[]> Ids,
        Dictionary<string, string>? Decoded = null);

    private sealed record DecodeCase(string Id, string Tokenizer, int[] Ids, bool SkipSpecial, string Text);
}
