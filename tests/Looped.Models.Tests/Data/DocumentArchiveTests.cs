using System.Buffers.Binary;
using System.Text;
using Looped.Models.Data;
using Looped.Models.Data.Preparation;
using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Tests.Data;

public sealed class DocumentArchiveTests : IDisposable
{
    private static readonly string Gpt2 = Path.Combine(AppContext.BaseDirectory, "Vectors", "tokenizers", "gpt2", "tokenizer.json");
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private PreparationRequest Request(string archive, string output = "out", string tokenizer = "bytes", int threads = 2) =>
        new([archive], tokenizer, _folder[output], Threads: threads, Archives: true, ValidationShare: 0.0005, Resume: true);

    private static DatasetMeta Prepare(PreparationRequest request) => CorpusPreparer.Prepare(request, cancellation: TestContext.Current.CancellationToken);

    /// <summary>Reads a token file as anyone would who knows only that it is little-endian uint16.</summary>
    private string[] Documents(string file, HuggingFaceTokenizer tokenizer)
    {
        byte[] bytes = File.ReadAllBytes(_folder[file]);
        int[] ids = [.. bytes.Chunk(2).Select(pair => (int)BinaryPrimitives.ReadUInt16LittleEndian(pair))];
        Assert.Equal(50256, ids[^1]);
        var documents = new List<string>();
        for (int start = 0; start < ids.Length;)
        {
            int end = Array.IndexOf(ids, 50256, start);
            documents.Add(tokenizer.Decode(ids[start..end]));
            start = end + 1;
        }
        return [.. documents];
    }

    [Fact]
    public void The_published_archive_becomes_the_references_files()
    {
        string[] documents = OpenWebText2Archive.Documents(400);
        Prepare(Request(OpenWebText2Archive.Write(_folder["a.jsonl.zst.tar"], documents), tokenizer: Gpt2) with { ValidationShare = 0.02 });
        using var tokenizer = new HuggingFaceTokenizer(Gpt2);
        string[] train = Documents("out/train.bin", tokenizer), validation = Documents("out/val.bin", tokenizer);
        Assert.Equal(400, documents.Length);
        Assert.Equal((392, 8), (train.Length, validation.Length));
        var drawn = validation.ToHashSet();
        Assert.Equal(documents.Where(d => drawn.Contains(d)), validation);
        Assert.Equal(documents.Where(d => !drawn.Contains(d)), train);
        Assert.NotEqual(documents[^8..], validation);
    }

    [Fact]
    public void A_small_archive_keeps_one_document_for_validation()
    {
        DatasetMeta meta = Prepare(Request(OpenWebText2Archive.Write(_folder["a.tar"], ["The first.", "The second."], members: 2)));
        Assert.Equal(21, meta.Train.Tokens + meta.Validation.Tokens);
        Assert.Equal(TokenFile.Sha256(_folder["a.tar"]), Assert.Single(meta.Sources).Sha256);
    }

    [Fact]
    public void An_archive_gives_the_tokens_of_its_lines_in_one_file()
    {
        string[] documents = OpenWebText2Archive.Documents(300);
        File.WriteAllText(_folder["a.jsonl"], string.Concat(documents.Select(OpenWebText2Archive.Line)));
        DatasetMeta lines = Prepare(new PreparationRequest([_folder["a.jsonl"]], "characters", _folder["lines"]));
        DatasetMeta archive = Prepare(new PreparationRequest([OpenWebText2Archive.Write(_folder["a.tar"], documents)], "characters", _folder["archive"]));
        Assert.Equal(lines.ContentSha256, archive.ContentSha256);
    }

    public static TheoryData<string, string> BadArchives => new()
    {
        { "text", "bad.tar is not a tar" },
        { "empty", "bad.tar has no files in it" },
        { "cut", "bad.tar, member openwebtext2/a.jsonl.zst: it is cut short" },
        { "plain", "bad.tar, member openwebtext2/b.jsonl: it is not zstandard-compressed" },
        { "torn", "bad.tar, member openwebtext2/b.jsonl.zst: it is" },
        { "json", "bad.tar, member openwebtext2/b.jsonl.zst, line 2: it is not JSON" },
        { "key", "bad.tar, member openwebtext2/b.jsonl.zst, line 1: the object has no 'text'" },
        { "none", "There is no text in" },
    };

    [Theory]
    [MemberData(nameof(BadArchives))]
    public void A_bad_archive_is_refused_with_its_place_and_leaves_nothing_behind(string kind, string expected)
    {
        string path = _folder["bad.tar"], good = OpenWebText2Archive.Line("Some text.");
        (string, byte[]) first = ("a.jsonl.zst", OpenWebText2Archive.Compress(string.Concat(Enumerable.Repeat(good, 20))));
        switch (kind)
        {
            case "text": File.WriteAllText(path, string.Concat(Enumerable.Repeat("This is no archive at all.\n", 100))); break;
            case "empty": File.WriteAllBytes(path, new byte[10240]); break;
            case "cut": File.WriteAllBytes(path, File.ReadAllBytes(OpenWebText2Archive.WriteMembers(path, first))[..3090]); break;
            case "plain": OpenWebText2Archive.WriteMembers(path, first, ("b.jsonl", Encoding.UTF8.GetBytes(good))); break;
            case "torn": OpenWebText2Archive.WriteMembers(path, first, ("b.jsonl.zst", first.Item2[..^20])); break;
            case "json": OpenWebText2Archive.WriteMembers(path, first, ("b.jsonl.zst", OpenWebText2Archive.Compress(good + "text: Hello\n"))); break;
            case "key": OpenWebText2Archive.WriteMembers(path, first, ("b.jsonl.zst", OpenWebText2Archive.Compress("{\"title\":\"x\"}\n"))); break;
            default: OpenWebText2Archive.WriteMembers(path, ("a.jsonl.zst", OpenWebText2Archive.Compress("\n\n"))); break;
        }
        LoopedException error = Assert.ThrowsAny<LoopedException>(() => Prepare(Request(path)));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
        Assert.Equal([path], Directory.EnumerateFileSystemEntries(_folder.Path));
    }

    [Fact]
    public void A_full_disk_is_said_to_be_full()
    {
        using var writer = new TokenFileWriter("/dev", "full");
        LoopedException error = Assert.Throws<LoopedException>(() => writer.Append([1, 2, 3]));
        Assert.StartsWith("/dev/full cannot be written after 0 tokens: the disk is full; make room", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_vocabulary_that_two_bytes_cannot_hold_is_refused()
    {
        File.WriteAllText(_folder["big.json"], "{\"model\":{\"type\":\"WordLevel\",\"unk_token\":\"a\",\"vocab\":{\"a\":0,\"b\":65536}}}");
        UsageException error = Assert.Throws<UsageException>(() => Prepare(Request(OpenWebText2Archive.Write(_folder["a.tar"], ["One.", "Two."], 1), tokenizer: _folder["big.json"])));
        Assert.Contains("has 65,537 ids, but token files hold two bytes per token, 65,536 ids", error.Message, StringComparison.Ordinal);
    }
}
