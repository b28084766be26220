using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Looped.Models.Data.Tokenizers;

/// <summary>What a Hugging Face <c>tokenizer.json</c> says about itself, and versions of it in which special tokens are treated otherwise.</summary>
internal sealed class TokenizerJson
{
    private const string EndOfText = "<|endoftext|>";
    private readonly JsonNode _root;

    private TokenizerJson(byte[] content, JsonNode root)
    {
        _root = root;
        Content = content;
        Sha256 = Convert.ToHexStringLower(SHA256.HashData(content));
        Dictionary<string, int> ids = Ids(root);
        VocabularySize = ids.Count == 0 ? 0 : ids.Values.Max() + 1;
        EndOfDocument = ids.TryGetValue(EndOfText, out int id) ? id : null;
        WordsStandAlone = ComputeWordsStandAlone(root);
    }

    /// <summary>The file as it is.</summary>
    public byte[] Content { get; }

    /// <summary>The hash of <see cref="Content"/>.</summary>
    public string Sha256 { get; }

    /// <summary>The highest id, added tokens included, plus one.</summary>
    public int VocabularySize { get; }

    /// <summary>The id of <c>&lt;|endoftext|&gt;</c>, if there is one.</summary>
    public int? EndOfDocument { get; }

    /// <summary>
    /// Whether text may be cut wherever white space follows something else, without changing an id (special tokens not parsed).
    /// True for GPT-2's splitting, after individual digits or not: none of its alternatives
    /// <c>'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+</c> has white space after something else, so a match
    /// ends at the cut; left of it nothing looks further than the cut, where the end of the text acts as the white space did;
    /// and nothing looks back from the right of it. Whatever follows (the merges) acts within one match.
    /// </summary>
    public bool WordsStandAlone { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="LoopedException">It is missing or no <c>tokenizer.json</c>.</exception>
    public static TokenizerJson Read(string path)
    {
        try
        {
            byte[] content = File.ReadAllBytes(path);
            return JsonNode.Parse(content) is JsonObject root && root["model"] is JsonObject
                ? new TokenizerJson(content, root)
                : throw new JsonException("it has no `model`");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or NullReferenceException)
        {
            throw new LoopedException($"{path} is not a Hugging Face tokenizer.json: {e.Message}.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LoopedException($"The tokenizer {path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>The same tokenizer with special tokens treated as asked, and without truncation and padding.</summary>
    /// <param name="parseSpecial">Whether special tokens in a text are recognised; if not, they are ordinary text.</param>
    /// <param name="addSpecial">Whether the post-processor's template is applied.</param>
    /// <param name="keepSpecial">Whether decoding writes special tokens out (the native library always leaves out what is marked as special).</param>
    public string Variant(bool parseSpecial, bool addSpecial, bool keepSpecial)
    {
        JsonNode root = _root.DeepClone();
        root["truncation"] = root["padding"] = null;
        if (!addSpecial) root["post_processor"] = null;
        JsonArray added = root["added_tokens"]?.AsArray() ?? [];
        for (int i = added.Count - 1; i >= 0; i--)
        {
            if (!IsSpecial(added[i]!)) continue;
            if (!parseSpecial) added.RemoveAt(i);
            else if (keepSpecial) added[i]!["special"] = false;
        }
        return root.ToJsonString();
    }

    private static bool IsSpecial(JsonNode token) => token["special"]?.GetValue<bool>() ?? false;

    private static Dictionary<string, int> Ids(JsonNode root)
    {
        var ids = new Dictionary<string, int>();
        if (root["model"]!["vocab"] is JsonObject vocabulary)
            foreach ((string token, JsonNode? id) in vocabulary) ids[token] = id!.GetValue<int>();
        else if (root["model"]!["vocab"] is JsonArray pieces)
            for (int id = 0; id < pieces.Count; id++) ids[pieces[id]![0]!.GetValue<string>()] = id;
        foreach (JsonNode? token in root["added_tokens"]?.AsArray() ?? [])
            ids[token!["content"]!.GetValue<string>()] = token["id"]!.GetValue<int>();
        return ids;
    }

    private static bool ComputeWordsStandAlone(JsonNode root) =>
        root["normalizer"] is null
        && root["model"]!["dropout"] is null
        && (root["added_tokens"]?.AsArray() ?? []).All(t => IsSpecial(t!))
        && root["pre_tokenizer"] is { } splitter && IsGpt2(splitter);

    private static bool IsGpt2(JsonNode splitter) => splitter["type"]?.GetValue<string>() switch
    {
        "ByteLevel" => splitter["add_prefix_space"]?.GetValue<bool>() == false && splitter["use_regex"]?.GetValue<bool>() != false,
        "Sequence" => splitter["pretokenizers"]?.AsArray() is [.., { } last] all && IsGpt2(last)
            && all.SkipLast(1).All(s => s?["type"]?.GetValue<string>() == "Digits"),
        _ => false,
    };
}
