using System.Text;
using System.Text.Json;
using CsCheck;
using Looped.Models.Data;
using Looped.Models.Data.Preparation;
using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Tests.Data;

public sealed class CorpusPreparerTests : IDisposable
{
    private static readonly string Gpt2 = Path.Combine(AppContext.BaseDirectory, "Vectors", "tokenizers", "gpt2", "tokenizer.json");
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Write(string name, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(_folder[name])!);
        File.WriteAllText(_folder[name], text);
        return _folder[name];
    }

    private TokenDataset Prepare(string tokenizer, string[] sources, string output = "out", string key = "text", int threads = 2)
    {
        CorpusPreparer.Prepare(new PreparationRequest(sources, tokenizer, _folder[output], key, threads), cancellation: TestContext.Current.CancellationToken);
        return TokenDataset.Open(_folder[output]);
    }

    private static int[] All(TokenFile file)
    {
        var ids = new int[file.Count];
        file.Read(0, ids);
        return ids;
    }

    private static string Lines(int count, int seed = 0) =>
        string.Concat(Enumerable.Range(seed, count).Select(i => $"Line {i} of the text, which isn't long; naïve café {i * i}.\n"));

    [Theory]
    [InlineData("bytes")]
    [InlineData("characters")]
    public void The_last_tenth_of_a_text_from_a_line_on_is_for_validation(string tokenizer)
    {
        string text = Lines(1000), path = Write("a.txt", text);
        using TokenDataset data = Prepare(tokenizer, [path]);
        string train = data.Tokenizer.Decode(All(data.Train)), validation = data.Tokenizer.Decode(All(data.Validation));
        Assert.Equal(text, train + validation);
        Assert.StartsWith("Line ", validation, StringComparison.Ordinal);
        // The line that contains the nine-tenths point still belongs to training.
        double tenth = Encoding.UTF8.GetByteCount(text) / 10.0;
        Assert.InRange(Encoding.UTF8.GetByteCount(validation), tenth - 70, tenth + 1);
    }

    [Fact]
    public void Documents_of_gpt2_end_with_its_token_and_cannot_end_themselves()
    {
        string text = Lines(100) + "They wrote <|endoftext|> here.\n";
        using TokenDataset data = Prepare(Gpt2, [Write("a.txt", text), Write("b.txt", Lines(50, 7))]);
        int[] train = All(data.Train), validation = All(data.Validation);
        Assert.Equal((2, 2), (train.Count(i => i == 50256), validation.Count(i => i == 50256)));
        Assert.Equal((50256, 50256), (train[^1], validation[^1]));
        int end = Array.IndexOf(train, 50256);
        Assert.Equal(text, data.Tokenizer.Decode(train[..end]) + data.Tokenizer.Decode(validation[..Array.IndexOf(validation, 50256)]));
    }

    [Fact]
    public void The_result_does_not_depend_on_the_number_of_threads_and_is_that_of_the_whole_text()
    {
        string text = string.Concat(Enumerable.Repeat(Lines(1500), 6)), path = Write("a.txt", text);
        using TokenDataset one = Prepare(Gpt2, [path], "one", threads: 1), four = Prepare(Gpt2, [path], "four", threads: 4);
        Assert.Equal(one.ContentHash, four.ContentHash);
        Assert.True(text.Length > 3 * Chunk.Size);

        using var tokenizer = new HuggingFaceTokenizer(Gpt2);
        string train = one.Tokenizer.Decode(All(one.Train)[..^1]);
        Assert.Equal([.. tokenizer.Encode(train, parseSpecial: false, addSpecial: false), 50256], All(one.Train));
    }

    [Fact]
    public void A_text_in_pieces_of_any_size_is_the_text() =>
        Gen.Select(Gen.OneOf(Gen.Char[' ', '~'].Select(c => c.ToString()), Gen.Int[0x80, 0x10ffff].Where(Rune.IsValid).Select(c => new Rune(c).ToString()))
            .Array[1, 300].Select(string.Concat), Gen.Int[1, 50]).Sample((text, size) =>
        {
            string path = Write("piece.txt", text);
            var file = new SourceFile(path, "piece.txt", new FileInfo(path).Length);
            using var reader = new SourceReader(file);
            using var bytes = new ByteTokenizer();
            var blocks = new Utf8BlockReader(reader, path, file.Bytes, bytes, size);
            var pieces = new StringBuilder();
            while (blocks.Next() is { } piece) pieces.Append(piece);
            long border = TextDocument.Border(file);
            byte[] content = File.ReadAllBytes(path);
            return pieces.ToString() == text && (border == content.Length || (content[border] & 0xC0) != 0x80);
        }, iter: 200, threads: 1);

    [Fact]
    public void Folders_are_read_in_ordinal_order_without_their_documentation()
    {
        Write("corpus/b/x.txt", Lines(20));
        Write("corpus/B.txt", Lines(20));
        Write("corpus/a.jsonl", "{\"text\":\"one\"}\n{\"text\":\"two\"}\n");
        Write("corpus/README.md", "Not part of it.");
        using TokenDataset data = Prepare("bytes", [_folder["corpus"]]);
        Assert.Equal(["B.txt", "a.jsonl", "b/x.txt"], data.Meta.Sources.Select(s => s.Name));
        Assert.All(data.Meta.Sources, s => Assert.Equal(TokenFile.Sha256(_folder["corpus/" + s.Name]), s.Sha256));
        Assert.All(data.Meta.Sources, s => Assert.Equal(new FileInfo(_folder["corpus/" + s.Name]).Length, s.Bytes));
        Assert.All(data.Files, file => Assert.Equal(file.Sha256, TokenFile.Sha256(file.Path)));
    }

    [Fact]
    public void The_last_tenth_of_the_documents_of_a_jsonl_file_is_for_validation()
    {
        string[] texts = [.. Enumerable.Range(0, 40).Select(i => $"Document {i}: \"a\\b\"\n{new string('x', 100 * (40 - i))} é🙂")];
        string path = Write("a.jsonl", string.Join("\n\n", texts.Select(t => JsonSerializer.Serialize(new { id = 1, meta = new { body = "no" }, body = t }))));
        using TokenDataset data = Prepare(Gpt2, [path], key: "body");
        Assert.Equal(texts[..36], Documents(data, data.Train));
        Assert.Equal(texts[36..], Documents(data, data.Validation));
    }

    [Fact]
    public void A_jsonl_file_of_many_chunks_is_cut_at_the_same_document()
    {
        string path = Write("a.jsonl", string.Concat(Enumerable.Range(0, 9000).Select(i => $"{{\"text\":\"Document number {i}\"}}\n")));
        Assert.True(new FileInfo(path).Length > 2 * Chunk.Size);
        using TokenDataset data = Prepare(Gpt2, [path]);
        Assert.Equal("Document number 8100", Documents(data, data.Validation)[0]);
        Assert.Equal((8100, 900), (Documents(data, data.Train).Length, Documents(data, data.Validation).Length));
    }

    private static string[] Documents(TokenDataset data, TokenFile file) =>
        [.. data.Tokenizer.Decode(All(file)).Split("<|endoftext|>", StringSplitOptions.RemoveEmptyEntries)];

    [Fact]
    public void A_byte_order_mark_is_not_text()
    {
        File.WriteAllText(_folder["a.txt"], Lines(20), new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        using TokenDataset data = Prepare("bytes", [_folder["a.txt"]]);
        Assert.Equal('L', All(data.Train)[0]);
    }

    [Fact]
    public void Progress_ends_at_the_whole()
    {
        string path = Write("a.txt", Lines(3000));
        var seen = new List<PreparationProgress>();
        CorpusPreparer.Prepare(new PreparationRequest([path], "characters", _folder["out"]), new Recorder(seen.Add), TestContext.Current.CancellationToken);
        long total = 2 * new FileInfo(path).Length;
        Assert.Equal(new PreparationProgress(total, total), seen[^1]);
        Assert.Equal(seen.Select(p => p.BytesDone).Order(), seen.Select(p => p.BytesDone));
    }

    [Fact]
    public void Stopping_in_the_middle_leaves_nothing_behind()
    {
        string path = Write("a.txt", string.Concat(Enumerable.Repeat(Lines(3000), 4)));
        using var stop = new CancellationTokenSource();
        Assert.Throws<OperationCanceledException>(() =>
            CorpusPreparer.Prepare(new PreparationRequest([path], "bytes", _folder["out"]), new Recorder(_ => stop.Cancel()), stop.Token));
        Assert.Equal([path], Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    private sealed class Recorder(Action<PreparationProgress> report) : IProgress<PreparationProgress>
    {
        public void Report(PreparationProgress value) => report(value);
    }
}
