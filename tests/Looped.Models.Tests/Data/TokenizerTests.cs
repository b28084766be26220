using System.Text;
using System.Text.Json.Nodes;
using CsCheck;
using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Tests.Data;

public class TokenizerTests
{
    private static string Vector(string name) => Path.Combine(AppContext.BaseDirectory, "Vectors", "tokenizers", name);

    [Fact]
    public void Every_case_of_the_case_file_passes()
    {
        TokenizerCaseResult[] results = [.. TokenizerCaseFile.Load(Vector("cases.json")).Run()];
        Assert.Equal(2 * (394 + 1) + 40, results.Length);
        Assert.Empty(results.Where(r => !r.Passed).Select(r => $"{r.Name}: {r.Detail}"));
    }

    [Fact]
    public void A_case_with_other_ids_or_another_text_fails()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Vector("tiny-bpe/tokenizer.json"), folder["t.json"]);
        File.WriteAllText(folder["cases.json"], """
            {
              "tokenizers": { "t": { "file": "t.json", "vocab_size": 513 } },
              "cases": [
                { "id": "ids", "text": "ab", "parse_special": false, "add_special": false, "ids": { "t": [64, 66] } },
                { "id": "text", "text": "ab", "parse_special": false, "add_special": false, "ids": { "t": [64, 65] }, "decoded": { "t": "ac" } },
                { "id": "right", "text": "ab", "parse_special": false, "add_special": false, "ids": { "t": [64, 65] } }
              ],
              "decode_cases": [ { "id": "decode", "tokenizer": "t", "ids": [64], "skip_special": true, "text": "b" } ]
            }
            """);
        TokenizerCaseResult[] results = [.. TokenizerCaseFile.Load(folder["cases.json"]).Run()];
        Assert.Equal(["t/vocabulary", "t/ids", "t/text", "t/decode"], results.Where(r => !r.Passed).Select(r => r.Name));
        Assert.Contains("ids [64 65], expected [64 66]", results.Single(r => r.Name == "t/ids").Detail, StringComparison.Ordinal);
    }

    // Text made of what tokenizers stumble over: every kind of white space, contractions, digits, marks, surrogates, special tokens.
    private static readonly Gen<string> Text = Gen.OneOf(
        OneOf(" ", "  ", "\n", "\t", "\r\n", "\u00a0", "\u0085", "\u2003", "\u3000", "\u2028", "\u180e", "\ufeff", "\u200b", "\u001f"),
        OneOf("'s", "'ll", "'", "don't", "1", "12", "½", "²", "٣", "a", "word", "É", "e\u0301", "\u0301", "字", "𝕳", "🙂", "👩‍👩‍👧", ".", "...", "<|endoftext|>", "<|im_start|>"),
        Gen.Char[' ', '~'].Select(c => c.ToString()))
        .Array[0, 40].Select(string.Concat);

    private static Gen<string> OneOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    [Theory]
    [InlineData("gpt2/tokenizer.json", true)]
    [InlineData("tiny-bpe/tokenizer.json", true)]
    public void Word_by_word_gives_the_ids_of_the_whole(string file, bool cuts)
    {
        using var tokenizer = new HuggingFaceTokenizer(Vector(file));
        Assert.Equal(cuts, tokenizer.LastCut("two words") > 0);
        Text.Sample(text => tokenizer.Encode(text).SequenceEqual(tokenizer.Encode(text, parseSpecial: false, addSpecial: false)), iter: 3000);
    }

    [Theory]
    [InlineData("gpt2/tokenizer.json")]
    [InlineData("bytes")]
    [InlineData("characters")]
    public void Both_parts_of_a_cut_text_give_the_ids_of_the_whole(string kind)
    {
        using ITokenizer tokenizer = kind switch
        {
            "bytes" => new ByteTokenizer(),
            "characters" => new CharacterTokenizer(Enumerable.Range(0, 0x11_0000).Where(Rune.IsValid).Select(i => new Rune(i))),
            _ => new HuggingFaceTokenizer(Vector(kind)),
        };
        Text.Sample(text =>
        {
            int cut = tokenizer.LastCut(text);
            return tokenizer.Encode(text).SequenceEqual([.. tokenizer.Encode(text[..cut]), .. tokenizer.Encode(text[cut..])]);
        }, iter: 2000);
    }

    [Fact]
    public void Cuts_and_the_tokenizer_mean_the_same_characters_by_white_space()
    {
        // A tokenizer that deletes what its \s matches tells which characters these are.
        using var folder = new TemporaryFolder();
        var json = JsonNode.Parse(File.ReadAllText(Vector("tiny-bpe/tokenizer.json")))!;
        json["pre_tokenizer"] = JsonNode.Parse("""
            { "type": "Sequence", "pretokenizers": [
              { "type": "Split", "pattern": { "Regex": "\\s" }, "behavior": "Removed", "invert": false },
              { "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": false } ] }
            """);
        File.WriteAllText(folder["tokenizer.json"], json.ToJsonString());
        using var tokenizer = new HuggingFaceTokenizer(folder["tokenizer.json"]);
        char[] characters = [.. Enumerable.Range(0, 0x1_0000).Where(Rune.IsValid).Select(c => (char)c)];
        Assert.Equal(characters.Where(char.IsWhiteSpace), characters.Where(c => tokenizer.Encode(c.ToString()).Length == 0));
    }

    [Theory]
    [InlineData("\"use_regex\":true", "\"use_regex\":false")]
    [InlineData("\"add_prefix_space\":false", "\"add_prefix_space\":true")]
    [InlineData("\"special\":true", "\"special\":false")]
    [InlineData("\"normalizer\":null", "\"normalizer\":{\"type\":\"NFC\"}")]
    public void A_tokenizer_whose_words_may_not_stand_alone_is_given_the_text_whole(string old, string replacement)
    {
        using var folder = new TemporaryFolder();
        string json = JsonNode.Parse(File.ReadAllText(Vector("tiny-bpe/tokenizer.json")))!.ToJsonString();
        Assert.Contains(old, json, StringComparison.Ordinal);
        File.WriteAllText(folder["tokenizer.json"], json.Replace(old, replacement, StringComparison.Ordinal));
        using var tokenizer = new HuggingFaceTokenizer(folder["tokenizer.json"]);
        Assert.Equal(0, tokenizer.LastCut("two words"));
        Assert.Equal("two words", tokenizer.Decode(tokenizer.Encode("two words")).TrimStart());
    }

    [Fact]
    public void A_template_is_applied_only_when_asked()
    {
        using var folder = new TemporaryFolder();
        var json = JsonNode.Parse(File.ReadAllText(Vector("tiny-bpe/tokenizer.json")))!;
        json["post_processor"] = JsonNode.Parse("""
            { "type": "TemplateProcessing",
              "single": [ { "SpecialToken": { "id": "<|im_start|>", "type_id": 0 } }, { "Sequence": { "id": "A", "type_id": 0 } } ],
              "pair": [ { "Sequence": { "id": "A", "type_id": 0 } }, { "Sequence": { "id": "B", "type_id": 1 } } ],
              "special_tokens": { "<|im_start|>": { "id": "<|im_start|>", "ids": [510], "tokens": ["<|im_start|>"] } } }
            """);
        json["truncation"] = JsonNode.Parse("""{ "direction": "Right", "max_length": 1, "strategy": "LongestFirst", "stride": 0 }""");
        File.WriteAllText(folder["tokenizer.json"], json.ToJsonString());
        using var tokenizer = new HuggingFaceTokenizer(folder["tokenizer.json"]);
        Assert.Equal([64, 65], tokenizer.Encode("ab"));
        Assert.Equal([510, 64, 65], tokenizer.Encode("ab", parseSpecial: true, addSpecial: true));
    }

    [Fact]
    public void Only_gpt2_ends_its_documents()
    {
        using var gpt2 = new HuggingFaceTokenizer(Vector("gpt2/tokenizer.json"));
        using var tiny = new HuggingFaceTokenizer(Vector("tiny-bpe/tokenizer.json"));
        Assert.Equal((50256, null), (gpt2.EndOfDocument, tiny.EndOfDocument));
        Assert.DoesNotContain(50256, gpt2.Encode("one<|endoftext|>two"));
    }

    [Fact]
    public void Text_of_bytes_and_characters_comes_back() =>
        Text.Sample(text =>
        {
            using var bytes = new ByteTokenizer();
            using var characters = new CharacterTokenizer(text.EnumerateRunes());
            return bytes.Decode(bytes.Encode(text)) == text && characters.Decode(characters.Encode(text)) == text
                && characters.VocabularySize == text.EnumerateRunes().Distinct().Count();
        });

    [Fact]
    public void A_character_that_the_training_text_lacks_is_named()
    {
        using var tokenizer = new CharacterTokenizer("abc".EnumerateRunes());
        Assert.Contains("'z' (U+007A)", Assert.Throws<LoopedException>(() => tokenizer.Encode("az")).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{}")]
    [InlineData("[1]")]
    [InlineData("not json")]
    [InlineData("""{ "model": { "type": "BPE" } }""")]
    [InlineData("""{ "model": { "vocab": { "a": "b" } } }""")]
    public void A_file_that_is_no_tokenizer_is_refused(string content)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllText(folder["tokenizer.json"], content);
        Assert.Contains("tokenizer.json", Assert.Throws<LoopedException>(() => new HuggingFaceTokenizer(folder["tokenizer.json"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Half_a_surrogate_pair_is_no_text()
    {
        using var gpt2 = new HuggingFaceTokenizer(Vector("gpt2/tokenizer.json"));
        using var bytes = new ByteTokenizer();
        Assert.Throws<LoopedException>(() => gpt2.Encode("a\ud800b"));
        Assert.Throws<LoopedException>(() => bytes.Encode("a\ud800b"));
    }

    [Fact]
    public void An_id_outside_the_vocabulary_is_not_decoded()
    {
        using var gpt2 = new HuggingFaceTokenizer(Vector("gpt2/tokenizer.json"));
        Assert.Throws<ArgumentOutOfRangeException>(() => gpt2.Decode([50257]));
    }
}
