using Looped.Models.Data;

namespace Looped.Models.Tests.Data;

public sealed class TokenDatasetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private string Prepared(int train = 101, int validation = 21) =>
        PreparedFolder.Write(_folder["data"], [.. Enumerable.Range(0, train).Select(i => i % 256)], [.. Enumerable.Range(0, validation).Select(i => i % 256)]);

    [Fact]
    public void Windows_do_not_overlap_and_targets_are_shifted_by_one()
    {
        using TokenDataset data = TokenDataset.Open(Prepared());
        var source = new MicroBatchSource(data, sequenceLength: 10, seed: 1, globalSequences: 10, microSequences: 5);

        MicroBatch[] step = [source.Load(0, 0), source.Load(0, 1)];

        Assert.Equal(10, source.SequenceCount);
        Assert.All(step, b => Assert.Equal((5, 10, 50), (b.Sequences, b.Length, b.ScoredTokens)));
        Assert.Equal(Enumerable.Range(0, 100), step.SelectMany(b => b.Tokens).Order());
        Assert.All(step, b => Assert.Equal(b.Tokens.Select(t => t + 1), b.Targets));
        Assert.All(step.SelectMany(b => b.Tokens.Chunk(10)), s => Assert.Equal(Enumerable.Range(s[0], 10), s));
    }

    [Fact]
    public void A_window_needs_its_last_target()
    {
        using TokenDataset data = TokenDataset.Open(Prepared(train: 100, validation: 20));
        Assert.Equal(9, new MicroBatchSource(data, 10, 1, 3, 3).SequenceCount);
        Assert.Equal(1, new ValidationSource(data, 10).SequenceCount);
    }

    [Fact]
    public async Task Threads_read_what_one_thread_reads()
    {
        using TokenDataset data = TokenDataset.Open(Prepared());
        var source = new MicroBatchSource(data, 10, 1, 10, 2);
        int[][] alone = [.. Enumerable.Range(0, 200).Select(i => source.Load(i / 5, i % 5).Tokens)];
        int[][] together = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(() => source.Load(i / 5, i % 5).Tokens)));
        Assert.Equal(alone, together);
    }

    [Fact]
    public void Validation_without_a_limit_reads_every_window_in_order()
    {
        using TokenDataset data = TokenDataset.Open(Prepared(validation: 75));
        MicroBatch[] batches = [.. new ValidationSource(data, 10).Batches(batchSequences: 3)];
        Assert.Equal([3, 3, 1], batches.Select(b => b.Sequences));
        Assert.Equal([0, 1, 2], batches.Select(b => b.Index));
        Assert.Equal(Enumerable.Range(0, 70), batches.SelectMany(b => b.Tokens));
    }

    [Fact]
    public void Validation_with_a_limit_reads_windows_spread_over_the_whole_file()
    {
        using TokenDataset data = TokenDataset.Open(Prepared(validation: 201));
        var source = new ValidationSource(data, 10);
        int[] Starts() => [.. source.Batches(2, maxBatches: 2).SelectMany(b => b.Tokens.Chunk(10)).Select(s => s[0])];
        Assert.Equal([0, 50, 100, 150], Starts());
        Assert.Equal(Starts(), Starts());
        Assert.Equal(20, source.Batches(2, maxBatches: 1000).Sum(b => b.Sequences));
    }

    [Theory]
    [InlineData("train.bin", 2)]
    [InlineData("train.bin", 1)]
    [InlineData("val.bin", 2)]
    public void A_truncated_file_is_refused(string name, int missing)
    {
        string folder = Prepared();
        using (FileStream file = File.OpenWrite(Path.Combine(folder, name))) file.SetLength(file.Length - missing);
        var error = Assert.Throws<LoopedException>(() => TokenDataset.Open(folder));
        Assert.Contains(name, error.Message, StringComparison.Ordinal);
        Assert.Contains("cut short", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_or_folder_is_named()
    {
        string folder = Prepared();
        File.Delete(Path.Combine(folder, "train.bin"));
        Assert.Contains("train.bin is missing", Assert.Throws<LoopedException>(() => TokenDataset.Open(folder)).Message, StringComparison.Ordinal);
        Assert.Contains("no meta.json", Assert.Throws<LoopedException>(() => TokenDataset.Open(_folder["nowhere"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_id_outside_the_vocabulary_is_refused_where_it_is_read()
    {
        string folder = PreparedFolder.Write(_folder["data"], [1, 2, 3, 300, 5], [1, 2, 3]);
        using TokenDataset data = TokenDataset.Open(folder);
        var error = Assert.Throws<LoopedException>(() => data.Train.Read(0, new int[5]));
        Assert.Contains("token 3 has the id 300", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"tokens\": 101", "\"tokens\": 100", "changed by hand")]
    [InlineData("\"format\": 1", "\"format\": 2", "format 2")]
    [InlineData("\"vocabulary_size\": 256,", "", "cannot be read")]
    [InlineData("{", "", "cannot be read")]
    public void A_changed_meta_file_is_refused(string old, string replacement, string expected)
    {
        string folder = Prepared(), path = Path.Combine(folder, "meta.json"), text = File.ReadAllText(path);
        Assert.Contains(old, text, StringComparison.Ordinal);
        File.WriteAllText(path, text.Replace(old, replacement, StringComparison.Ordinal));
        Assert.Contains(expected, Assert.Throws<LoopedException>(() => TokenDataset.Open(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_step_or_a_sequence_larger_than_the_data_is_refused_with_the_numbers()
    {
        using TokenDataset data = TokenDataset.Open(Prepared());
        string batch = Assert.Throws<UsageException>(() => new MicroBatchSource(data, 10, 1, 11, 11)).Message;
        Assert.Contains("11 sequences of 10 tokens", batch, StringComparison.Ordinal);
        Assert.Contains("101 tokens, which make 10", batch, StringComparison.Ordinal);
        Assert.Contains("has 21", Assert.Throws<UsageException>(() => new ValidationSource(data, 21)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_copied_data_set_is_the_same_data_set()
    {
        using TokenDataset data = TokenDataset.Open(Prepared());
        Directory.Move(_folder["data"], _folder["elsewhere"]);
        using TokenDataset moved = TokenDataset.Open(_folder["elsewhere"]);
        Assert.Equal(data.ContentHash, moved.ContentHash);
    }
}
