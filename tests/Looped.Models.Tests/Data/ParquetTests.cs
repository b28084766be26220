using Looped.Models.Data;
using Looped.Models.Data.Preparation;
using Parquet;
using Parquet.Schema;

namespace Looped.Models.Tests.Data;

public sealed class ParquetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private DatasetMeta Prepare(string source, string output, int threads = 2, double? share = null, string column = "text") => CorpusPreparer.Prepare(
        new PreparationRequest([source], "bytes", _folder[output], Threads: threads, ValidationShare: share, Column: column), cancellation: TestContext.Current.CancellationToken);

    private string Refused<T>(string source, string column = "text") where T : LoopedException =>
        Assert.Throws<T>(() => Prepare(source, "out", column: column)).Message.Replace(_folder.Path + "/", "", StringComparison.Ordinal);

    /// <summary>A file with several row groups, a number beside each text, and lists of words.</summary>
    private async Task<string> Write(string name, IReadOnlyList<string?> texts, int perGroup, string column = "text")
    {
        var number = new DataField<int>("number");
        var text = new DataField<string>(column);
        var words = new DataField("words", typeof(string), isArray: true);
        await using (FileStream stream = File.Create(_folder[name]))
        await using (ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(number, text, words), stream))
        {
            foreach (string?[] group in texts.Chunk(perGroup))
            {
                using ParquetRowGroupWriter rows = writer.CreateRowGroup();
                await rows.WriteAsync<int>(number, Enumerable.Range(0, group.Length).ToArray());
                await rows.WriteAsync(text, group!);
                await rows.WriteAsync(words, Enumerable.Repeat("word", group.Length).ToArray(), new int[group.Length]);
                rows.CompleteValidate();
            }
        }
        return _folder[name];
    }

    private byte[] Tokens(string output, string file) => File.ReadAllBytes(Path.Combine(_folder[output], file));

    [Theory]
    [InlineData(1000, null)]
    [InlineData(7, null)]
    [InlineData(7, 0.1)]
    public async Task Rows_become_the_tokens_of_the_same_documents_as_lines_of_json(int perGroup, double? share)
    {
        string[] documents = OpenWebText2Archive.Documents(300);
        await File.WriteAllLinesAsync(_folder["a.jsonl"], documents.Select(d => OpenWebText2Archive.Line(d).TrimEnd()), TestContext.Current.CancellationToken);
        DatasetMeta lines = Prepare(_folder["a.jsonl"], "lines", share: share);
        DatasetMeta rows = Prepare(await Write("a.parquet", documents, perGroup), "rows", threads: 1, share: share);
        Assert.Equal(lines.ContentSha256, rows.ContentSha256);
        Assert.Equal(Tokens("lines", "val.bin"), Tokens("rows", "val.bin"));
        Assert.Equal(TokenFile.Sha256(_folder["a.parquet"]), Assert.Single(rows.Sources).Sha256);
    }

    [Fact]
    public async Task Rows_without_text_are_left_out()
    {
        DatasetMeta meta = Prepare(await Write("a.parquet", ["one", null, " \n", "", "four", "six"], 2), "out");
        Assert.Equal(("onefour"u8.Length, 3), (meta.Train.Tokens, meta.Validation.Tokens));
    }

    [Fact]
    public async Task A_folder_s_parquet_files_are_found_and_the_whole_of_each_is_progress()
    {
        await Write("a.parquet", ["one", "two", "three"], 1);
        await Write("b.parquet", ["four", "five", "six"], 3);
        var seen = new List<PreparationProgress>();
        DatasetMeta meta = CorpusPreparer.Prepare(new PreparationRequest([_folder.Path], "bytes", _folder["out"]), new Recorder(seen), TestContext.Current.CancellationToken);
        Assert.Equal(["a.parquet", "b.parquet"], meta.Sources.Select(s => s.Name));
        Assert.Equal((seen[^1].BytesTotal, seen[^1].BytesTotal), (seen[^1].BytesDone, 2 * meta.Sources.Sum(s => s.Bytes)));
        Assert.Equal(seen.Select(p => p.BytesDone).Order(), seen.Select(p => p.BytesDone));
    }

    [Fact]
    public async Task Another_column_can_be_named() =>
        Assert.Equal(6, Prepare(await Write("a.parquet", ["one", "two", "three"], 3, column: "body"), "out", column: "body").Train.Tokens);

    [Theory]
    [InlineData("txt", "a.parquet: there is no column 'txt'; did you mean 'text'? (columns of text: text; choose one with `--column`)")]
    [InlineData("number", "a.parquet: the column 'number' holds Int32, not text (columns of text: text; choose one with `--column`)")]
    [InlineData("words", "a.parquet: the column 'words' holds lists, not text (columns of text: text; choose one with `--column`)")]
    public async Task A_column_that_cannot_be_read_as_text_is_named(string column, string expected) =>
        Assert.Equal(expected, Refused<UsageException>(await Write("a.parquet", ["one", "two"], 2), column));

    [Theory]
    [InlineData(0)]
    [InlineData(3)]
    [InlineData(200)]
    public async Task A_file_that_is_cut_short_or_no_parquet_is_refused(int keep)
    {
        string path = await Write("a.parquet", OpenWebText2Archive.Documents(30), 30);
        byte[] bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        await File.WriteAllBytesAsync(path, bytes[..keep], TestContext.Current.CancellationToken);
        Assert.StartsWith("a.parquet is not a Parquet file, or damaged (", Refused<LoopedException>(path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Damage_within_the_text_is_found()
    {
        string path = await Write("a.parquet", OpenWebText2Archive.Documents(300), 300);
        byte[] bytes = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
        bytes.AsSpan(bytes.Length / 3, 5000).Fill(0xFF);
        await File.WriteAllBytesAsync(path, bytes, TestContext.Current.CancellationToken);
        Assert.StartsWith("a.parquet is not a Parquet file, or damaged (", Refused<LoopedException>(path), StringComparison.Ordinal);
    }

    private sealed class Recorder(List<PreparationProgress> seen) : IProgress<PreparationProgress>
    {
        public void Report(PreparationProgress value) => seen.Add(value);
    }
}
