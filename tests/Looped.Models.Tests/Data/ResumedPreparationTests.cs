using Looped.Models.Data;
using Looped.Models.Data.Preparation;

namespace Looped.Models.Tests.Data;

public sealed class ResumedPreparationTests : IDisposable
{
    private static readonly string Gpt2 = Path.Combine(AppContext.BaseDirectory, "Vectors", "tokenizers", "gpt2", "tokenizer.json");
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Source(string kind)
    {
        // Enough for a dozen chunks, so that there is a middle.
        string[] documents = [.. Enumerable.Repeat(OpenWebText2Archive.Documents(400), 4).SelectMany(d => d)];
        string path = _folder["source." + kind];
        if (kind == "tar") return OpenWebText2Archive.Write(path, documents);
        File.WriteAllText(path, string.Concat(documents.Select(d => kind == "jsonl" ? OpenWebText2Archive.Line(d) : d + "\n\n")));
        return path;
    }

    private PreparationRequest Request(string source, string tokenizer, string output, int threads = 2) =>
        new([source], tokenizer, _folder[output], Threads: threads, Resume: true);

    private static DatasetMeta Prepare(PreparationRequest request, Action<PreparationProgress>? progress = null, CancellationTokenSource? stop = null) =>
        CorpusPreparer.Prepare(request, new Recorder(progress ?? (_ => { })), stop?.Token ?? TestContext.Current.CancellationToken);

    private string[] Hashes(string folder) =>
        [.. Directory.EnumerateFiles(_folder[folder]).Order(StringComparer.Ordinal).Select(f => $"{Path.GetFileName(f)} {TokenFile.Sha256(f)}")];

    [Theory]
    [InlineData("tar", "gpt2")]
    [InlineData("tar", "characters")]
    [InlineData("jsonl", "bytes")]
    [InlineData("txt", "gpt2")]
    [InlineData("txt", "characters")]
    public void A_stopped_preparation_that_is_gone_on_with_gives_the_same_bytes(string kind, string tokenizer)
    {
        string source = Source(kind);
        if (tokenizer == "gpt2") tokenizer = Gpt2;
        Prepare(Request(source, tokenizer, "whole", threads: 1));

        using var stop = new CancellationTokenSource();
        double stoppedAt = 0;
        Assert.ThrowsAny<OperationCanceledException>(() => Prepare(Request(source, tokenizer, "parts", threads: 3), p =>
        {
            stoppedAt = (double)p.BytesDone / p.BytesTotal;
            if (stoppedAt > 0.8) stop.Cancel();
        }, stop));
        Assert.InRange(stoppedAt, 0.8, 0.99);
        Assert.False(Directory.Exists(_folder["parts"]));
        Assert.NotNull(CorpusPreparer.Unfinished(_folder["parts"]));

        double? goneOnFrom = null;
        Prepare(Request(source, tokenizer, "parts"), p => goneOnFrom ??= (double)p.BytesDone / p.BytesTotal);
        Assert.True(goneOnFrom > 0.5, $"it went on from {goneOnFrom:P0}");
        Assert.Equal(Hashes("whole"), Hashes("parts"));
        Assert.Null(CorpusPreparer.Unfinished(_folder["parts"]));
    }

    [Fact]
    public void A_killed_preparation_goes_on_from_its_last_note_whatever_was_written_after_it()
    {
        string source = Source("tar");
        Prepare(Request(source, Gpt2, "whole"));
        // What a kill leaves on the disk is what is there at some moment, here with more in the files than the note knows of.
        var copy = new DirectoryInfo(_folder["killed.unfinished"]);
        Prepare(Request(source, Gpt2, "living") with { NoteEvery = 1 << 19 }, p =>
        {
            if (copy.Exists || CorpusPreparer.Unfinished(_folder["living"]) is not { } folder) return;
            copy.Create();
            foreach (string file in Directory.EnumerateFiles(folder).Where(f => Path.GetFileName(f) != "lock")) Copy(file, Path.Combine(copy.FullName, Path.GetFileName(file)));
            copy.Refresh();
        });
        File.AppendAllText(Path.Combine(copy.FullName, "train.bin"), "more that no note speaks of");
        Prepare(Request(source, Gpt2, "killed"));
        Assert.Equal(Hashes("whole"), Hashes("killed"));
    }

    [Fact]
    public void Other_options_or_changed_sources_are_not_gone_on_with()
    {
        string source = Source("jsonl");
        using var stop = new CancellationTokenSource();
        Assert.ThrowsAny<OperationCanceledException>(() => Prepare(Request(source, "bytes", "out"), p => { if (p.BytesDone > p.BytesTotal * 3 / 4) stop.Cancel(); }, stop));
        PreparationRequest other = Request(source, "bytes", "out") with { ValidationShare = 0.5 };
        Assert.Contains("is an unfinished preparation with other options", Assert.Throws<UsageException>(() => Prepare(other)).Message, StringComparison.Ordinal);
        File.AppendAllText(source, OpenWebText2Archive.Line("One more."));
        Assert.Contains("that have changed since", Assert.Throws<UsageException>(() => Prepare(Request(source, "bytes", "out"))).Message, StringComparison.Ordinal);
        Assert.NotNull(CorpusPreparer.Unfinished(_folder["out"]));
    }

    [Fact]
    public void Two_at_once_do_not_write_the_same_folder()
    {
        using var first = new NewFolder(_folder["out"], resumable: true);
        UsageException error = Assert.Throws<UsageException>(() => Prepare(Request(Source("jsonl"), "bytes", "out")));
        Assert.StartsWith($"Another process is preparing {_folder["out"]}", error.Message, StringComparison.Ordinal);
    }

    /// <summary>Copies a file that its writer holds.</summary>
    private static void Copy(string from, string to)
    {
        using var source = new FileStream(from, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using FileStream target = File.Create(to);
        source.CopyTo(target);
    }

    private sealed class Recorder(Action<PreparationProgress> report) : IProgress<PreparationProgress>
    {
        public void Report(PreparationProgress value) => report(value);
    }
}
