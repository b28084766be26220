using Looped.Models.Data.Preparation;

namespace Looped.Models.Tests.Data;

public sealed class BadSourcesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Write(string name, string text) => Write(name, System.Text.Encoding.UTF8.GetBytes(text));

    private string Write(string name, byte[] bytes)
    {
        File.WriteAllBytes(_folder[name], bytes);
        return _folder[name];
    }

    /// <summary>The message of the error, after checking that nothing was left behind.</summary>
    private string Error<T>(string source, string tokenizer = "bytes", string output = "out") where T : LoopedException
    {
        string[] before = [.. Directory.EnumerateFileSystemEntries(_folder.Path)];
        string message = Assert.Throws<T>(() =>
            CorpusPreparer.Prepare(new PreparationRequest([source], tokenizer, _folder[output]), cancellation: TestContext.Current.CancellationToken)).Message;
        Assert.Equal(before, Directory.EnumerateFileSystemEntries(_folder.Path));
        return message;
    }

    private static void Says(string part, string message) => Assert.Contains(part, message, StringComparison.Ordinal);

    [Theory]
    [InlineData(50)]
    [InlineData(70_000)]
    public void Invalid_utf8_is_reported_with_file_and_byte(int offset)
    {
        byte[] bytes = [.. Enumerable.Repeat((byte)'a', 100_000)];
        bytes[offset] = 0xC3;
        Says($"bad.txt is not UTF-8 at byte {offset};", Error<LoopedException>(Write("bad.txt", bytes)));
        Says($"bad.txt is not UTF-8 at byte {offset};", Error<LoopedException>(_folder["bad.txt"], "characters"));
    }

    [Fact]
    public void A_character_cut_off_by_the_end_is_invalid() =>
        Says("not UTF-8 at byte 3;", Error<LoopedException>(Write("bad.txt", [.. "abc"u8, 0xE2, 0x82])));

    [Fact]
    public void Utf16_is_recognised() =>
        Says("it seems to be UTF-16", Error<LoopedException>(Write("bad.txt", System.Text.Encoding.Unicode.GetBytes("\ufeffA text."))));

    [Fact]
    public void Invalid_utf8_in_jsonl_is_reported_with_its_byte_in_the_file() =>
        Says("bad.jsonl is not UTF-8 at byte 26;", Error<LoopedException>(Write("bad.jsonl", [.. "{\"text\":\"fine\"}\n{\"text\":\"a"u8, .. new byte[] { 0xFF }, .. "\"}\n"u8])));

    [Theory]
    [InlineData("", "no text")]
    [InlineData(" \n\t \n", "no text")]
    [InlineData("a", "too few")]
    [InlineData("ab\n", "too few")]
    public void Text_of_nothing_or_next_to_nothing_is_refused(string text, string expected) => Says(expected, Error<UsageException>(Write("a.txt", text)));

    [Theory]
    [InlineData("", "no text")]
    [InlineData("{\"text\":\" \"}\n{\"text\":\"\"}", "no text")]
    [InlineData("{\"text\":\"one document\"}", "too few")]
    public void Jsonl_of_nothing_is_refused(string text, string expected) => Says(expected, Error<UsageException>(Write("a.jsonl", text)));

    [Theory]
    [InlineData("{\"text\":1}", "the value of 'text' is no string")]
    [InlineData("[1]", "no JSON object")]
    [InlineData("{\"text\":\"x\"", "line 2")]
    [InlineData("{\"text\":\"x\"} {}", "line 2")]
    [InlineData("{\"text\":\"\\ud800\"}", "line 2")]
    public void A_bad_line_of_jsonl_is_named(string line, string expected)
    {
        string message = Error<LoopedException>(Write("a.jsonl", $"{{\"text\":\"fine\"}}\n{line}\n{{\"text\":\"fine\"}}\n"));
        Says("a.jsonl, line 2: ", message);
        Says(expected, message);
    }

    [Fact]
    public void A_key_that_a_line_of_jsonl_lacks_is_named_with_the_option_that_chooses_it() =>
        Says("a.jsonl, line 2: the object has no 'text'; choose the key with `--jsonl-key`", Error<UsageException>(Write("a.jsonl", "{\"text\":\"fine\"}\n{\"body\":\"x\"}\n")));

    [Fact]
    public void Missing_sources_empty_folders_and_repetitions_are_named()
    {
        Says("does not exist", Error<UsageException>(_folder["nowhere.txt"]));
        Directory.CreateDirectory(_folder["empty"]);
        Says("has no .txt, .jsonl, .ndjson, .parquet file", Error<UsageException>(_folder["empty"]));
        string path = Write("a.txt", "text");
        Says("named twice", Assert.Throws<UsageException>(() => CorpusPreparer.Prepare(new PreparationRequest([path, path], "bytes", _folder["out"]), cancellation: TestContext.Current.CancellationToken)).Message);
    }

    [Fact]
    public void An_unknown_tokenizer_is_refused() => Says("no tokenizer 'gpt9'", Error<UsageException>(Write("a.txt", "text"), "gpt9"));

    [Fact]
    public void A_vocabulary_that_two_bytes_cannot_hold_is_refused()
    {
        string tokens = string.Join(",", Enumerable.Range(0, 65537).Select(i => $"\"t{i}\":{i}"));
        string path = Write("big.json", $"{{\"model\":{{\"type\":\"WordLevel\",\"vocab\":{{{tokens}}},\"unk_token\":\"t0\"}}}}");
        Says("65,537 ids", Error<UsageException>(Write("a.txt", "text"), path));
    }

    [Fact]
    public void An_output_that_exists_is_not_overwritten()
    {
        Directory.CreateDirectory(_folder["out"]);
        Write("out/file", "mine");
        Says("exists already", Error<UsageException>(Write("a.txt", "some text to prepare, long enough")));
        Assert.Equal("mine", File.ReadAllText(_folder["out/file"]));
    }

    [Fact]
    public void An_output_below_a_file_is_refused()
    {
        Write("file", "");
        Says("cannot be made", Error<UsageException>(Write("a.txt", "some text to prepare, long enough"), output: "file/out"));
    }
}
