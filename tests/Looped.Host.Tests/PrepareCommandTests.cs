using System.Formats.Tar;
using System.Text;
using System.Text.Json;
using Looped.Host.CommandLine;
using Looped.Models.Data;
using ZstdSharp;

namespace Looped.Host.Tests;

public sealed class PrepareCommandTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("looped-test-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private async Task<LoopedResult> Run(params string[] args)
    {
        using LoopedProcess process = LoopedProcess.Start(_folder, null, ["prepare", .. args]);
        return await process.WaitAsync();
    }

    private void Write(string name, string text) => File.WriteAllText(Path.Combine(_folder, name), text);

    [Fact]
    public async Task Text_becomes_a_folder_that_opens()
    {
        Write("a.txt", string.Concat(Enumerable.Repeat("A line of text.\n", 100)));
        LoopedResult result = (await Run("a.txt", "--out", "out")).Expect(ExitCode.Finished);
        Assert.StartsWith("out: 1,440 training and 160 validation tokens, vocabulary 12, from 1 file", result.Output, StringComparison.Ordinal);
        Assert.Empty(result.Error);
        using TokenDataset data = TokenDataset.Open(Path.Combine(_folder, "out"));
        Assert.Equal("characters", data.Tokenizer.Name);
    }

    [Fact]
    public async Task Every_option_is_used_and_json_is_json()
    {
        Write("a.jsonl", string.Concat(Enumerable.Range(0, 20).Select(i => $"{{\"body\":\"document {i}\"}}\n")));
        LoopedResult result = (await Run("a.jsonl", "--tokenizer", "bytes", "--jsonl-key", "body", "--threads", "2", "--out", "out", "--json")).Expect(ExitCode.Finished);
        JsonElement made = JsonDocument.Parse(result.Output).RootElement;
        Assert.Equal(22, made.GetProperty("validation_tokens").GetInt64());
        Assert.Equal(256, made.GetProperty("vocabulary_size").GetInt32());
    }

    [Fact]
    public async Task Sums_become_files_in_the_format_of_the_original()
    {
        LoopedResult result = (await Run("addition", "--digits", "3", "--rows", "20", "--test-rows", "4", "--out", "out")).Expect(ExitCode.Finished);
        Assert.StartsWith("out: 20 sums to train on, such as ", result.Output, StringComparison.Ordinal);
        string[] lines = File.ReadAllLines(Path.Combine(_folder, "out", "train_3digit.jsonl"));
        Assert.Equal((20, 4), (lines.Length, File.ReadAllLines(Path.Combine(_folder, "out", "test_3digit.jsonl")).Length));
        JsonElement row = JsonDocument.Parse(lines[0]).RootElement;
        Assert.Equal(row.GetProperty("answer").GetInt64(), row.GetProperty("num1").GetInt64() + row.GetProperty("num2").GetInt64());
        Assert.Contains("already", (await Run("addition", "--out", "out")).Expect(ExitCode.BadUsage).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2", "90", "--set data.source=out --set batch.global_sequences=64")]
    [InlineData("4", "40", "--set data.source=out --set model.sequence_length=17 --set batch.global_sequences=40 --set batch.micro_sequences=40")]
    [InlineData("2", "200", "--set data.source=out")]
    public async Task The_command_that_is_offered_to_train_on_sums_works(string digits, string rows, string overrides)
    {
        string hint = (await Run("addition", "--digits", digits, "--rows", rows, "--test-rows", "9", "--out", "out")).Expect(ExitCode.Finished).Output.Split('\n')[1];
        Assert.Equal($"Train on it:  looped train addition --run runs/out {overrides}", hint);
        using LoopedProcess train = LoopedProcess.Start(_folder, null, [.. hint.Split(' ')[5..], "--dry-run"]);
        (await train.WaitAsync()).Expect(ExitCode.Finished);
    }

    [Fact]
    public async Task Too_few_prepared_sums_are_not_remedied_by_a_key_that_has_no_effect()
    {
        (await Run("addition", "--digits", "2", "--rows", "90", "--test-rows", "9", "--out", "out")).Expect(ExitCode.Finished);
        using LoopedProcess train = LoopedProcess.Start(_folder, null, "train", "addition", "--set", "data.source=out", "--dry-run");
        Assert.Contains("lower batch.global_sequences, or prepare more with `looped prepare addition --rows`", (await train.WaitAsync()).Expect(ExitCode.BadUsage).Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--tokenizer does not go with addition", "addition", "--tokenizer", "bytes")]
    [InlineData("--digits goes with addition only", "a.txt", "--digits", "3")]
    [InlineData("--digits must be from 1 to 18, not 19", "addition", "--digits", "19")]
    [InlineData("There are 81 pairs of numbers of 1 digit", "addition", "--digits", "1")]
    public async Task Options_that_do_not_fit_are_said(string sentence, params string[] args) =>
        Assert.Contains(sentence, (await Run([.. args, "--out", "out"])).Expect(ExitCode.BadUsage).Error, StringComparison.Ordinal);

    [Fact]
    public async Task An_archive_of_openwebtext2_becomes_token_files()
    {
        using (var archive = new TarWriter(File.Create(Path.Combine(_folder, "a.jsonl.zst.tar"))))
        {
            byte[] lines = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 2000).Select(i => $"{{\"text\":\"document {i}\"}}\n")));
            using var compressor = new Compressor();
            archive.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "2005-01.jsonl.zst") { DataStream = new MemoryStream(compressor.Wrap(lines).ToArray()) });
        }
        LoopedResult result = (await Run("openwebtext2", "a.jsonl.zst.tar", "--tokenizer", "bytes", "--out", "out", "--json")).Expect(ExitCode.Finished);
        JsonElement made = JsonDocument.Parse(result.Output).RootElement;
        Assert.InRange(made.GetProperty("validation_tokens").GetInt64(), "document 0".Length, "document 1999".Length);
        Assert.Equal(2000 * "document ".Length + 10 + 2 * 90 + 3 * 900 + 4 * 1000, made.GetProperty("train_tokens").GetInt64() + made.GetProperty("validation_tokens").GetInt64());
    }

    [Fact]
    public async Task Bad_text_fails_with_one_sentence()
    {
        File.WriteAllBytes(Path.Combine(_folder, "bad.txt"), [0x61, 0xFF, 0x61]);
        LoopedResult result = (await Run("bad.txt", "--out", "out")).Expect(ExitCode.Failed);
        Assert.Equal("error: bad.txt is not UTF-8 at byte 1; convert it, for example with `iconv -t UTF-8`.\n", result.Error);
    }

    [Theory]
    [InlineData("nothing.txt --out out", "nothing.txt does not exist")]
    [InlineData("a.txt", "--out")]
    [InlineData("a.txt --out out --threads 0", "--threads must be at least 1, not 0")]
    [InlineData("a.txt --out out --tokenizer gpt9", "no tokenizer 'gpt9'")]
    [InlineData("openwebtext2 --out out --tokenizer bytes", "openwebtext2 wants the path of its archive")]
    [InlineData("openwebtext2 a.txt --out out", "openwebtext2 wants its tokenizer named")]
    [InlineData("a.txt --out out --validation 1", "--validation must be between 0 and 1, not 1")]
    [InlineData("a.txt --out out --validation 0.1", "a.txt is one text")]
    [InlineData("a.txt --out out --tokeniser bytes", "did you mean '--tokenizer'?")]
    [InlineData("a.jsonl --out out --tokenizer bytes", "a.jsonl, line 1: the object has no 'text'; choose the key with `--jsonl-key`")]
    [InlineData("a.jsonl --out out", "a.jsonl, line 1: the object has no 'text'; choose the key with `--jsonl-key`")]
    [InlineData("chat a.jsonl --out out", "error: Conversations need the tokenizer.json of a chat model; name it with --tokenizer.")]
    [InlineData("chat nowhere.jsonl --out out", "The source nowhere.jsonl does not exist")]
    public async Task Bad_usage_is_said_to_be_so(string line, string expected)
    {
        Write("a.txt", "Some text, which is long enough to prepare.");
        Write("a.jsonl", "{\"body\":\"Some text\"}\n");
        LoopedResult result = (await Run(line.Split(' '))).Expect(ExitCode.BadUsage);
        Assert.Contains(expected, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_shipped_corpus_lies_beside_the_program() =>
        Assert.True(File.Exists(Path.Combine(AppContext.BaseDirectory, "data", "classics", "opticks.txt")));
}
