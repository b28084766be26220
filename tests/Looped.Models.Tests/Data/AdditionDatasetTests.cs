using Looped.Models.Data;
using Looped.Models.Data.Tasks;
using Looped.Models.Recipes;

namespace Looped.Models.Tests.Data;

public sealed class AdditionDatasetTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static AdditionDataset Sums(int digits = 2, int train = 60, int test = 20, long seed = 0) => AdditionDataset.Generate(new(digits, train, test, seed));

    private AdditionDataset Prepared(int digits = 4) => AdditionDataset.Prepare(new(digits, 40, 8, 3), _folder["sums"]);

    private static string Text(AdditionDataset data, int[] ids) => data.Tokenizer.Decode(ids);

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(18)]
    public void Numbers_have_the_digits_asked_for_and_no_pair_comes_twice(int digits)
    {
        using AdditionDataset data = Sums(digits, train: 50, test: 31);
        AdditionProblem[] all = [.. data.Train, .. data.Test];
        Assert.Equal((50, 31, 81), (data.Train.Count, data.Test.Count, all.Distinct().Count()));
        Assert.All(all.SelectMany(p => (long[])[p.First, p.Second]), n => Assert.Equal(digits, $"{n}".Length));
        Assert.All(all, p => Assert.True(p.Answer > 0));
        Assert.True(all.Select(p => p.First).Distinct().Count() > 8);
    }

    [Fact]
    public void All_pairs_can_be_had_and_one_more_cannot()
    {
        using AdditionDataset all = Sums(1, train: 80, test: 1);
        Assert.Equal(81, all.Train.Append(all.Test[0]).Distinct().Count());
        Assert.Contains("There are 81 pairs", Assert.Throws<UsageException>(() => Sums(1, train: 80, test: 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_seed_decides_and_the_test_set_does_not_depend_on_how_many_there_are_to_train_on()
    {
        using AdditionDataset a = Sums(), again = Sums(), other = Sums(seed: 1), more = Sums(train: 61);
        Assert.Equal(a.ContentHash, again.ContentHash);
        Assert.Equal(a.Test, again.Test);
        Assert.NotEqual(a.ContentHash, other.ContentHash);
        Assert.NotEqual(a.ContentHash, more.ContentHash);
        Assert.Equal(a.Test, more.Test);
    }

    [Fact]
    public void A_batch_is_as_long_as_its_longest_row_and_only_answers_and_ends_are_scored()
    {
        using AdditionDataset data = Sums();
        MicroBatch batch = data.Training(sequenceLength: 11, seed: 1, globalSequences: 60, microSequences: 60).Load(0, 0);
        Assert.Equal((60, 11), (batch.Sequences, batch.Length));
        foreach ((int[] tokens, int[] targets) in batch.Tokens.Chunk(11).Zip(batch.Targets.Chunk(11)))
        {
            string row = Text(data, tokens);
            AdditionProblem problem = Assert.Single(data.Train, p => row.StartsWith($"{p.First}+{p.Second}=", StringComparison.Ordinal));
            string answer = $" {string.Concat($"{problem.Answer}".Reverse())}§";
            Assert.Equal($"{problem.First}+{problem.Second}={answer}".PadRight(11, 'Ʌ'), row);
            Assert.Equal(new string('-', 5) + answer + new string('-', 11 - 5 - answer.Length), string.Concat(targets.Select(t => t < 0 ? "-" : Text(data, [t]))));
        }
        MicroBatch[] single = [.. Enumerable.Range(0, 60).Select(i => data.Training(11, 1, 60, 1).Load(0, i))];
        Assert.Equal([10, 11], single.Select(b => b.Length).Distinct().Order());
        Assert.Equal(batch.ScoredTokens, single.Sum(b => b.ScoredTokens));
    }

    [Fact]
    public void An_epoch_reads_every_sum_once_and_validation_all_test_sums_in_order()
    {
        using AdditionDataset data = Sums();
        IMicroBatchSource source = data.Training(11, seed: 5, globalSequences: 20, microSequences: 5);
        IEnumerable<string> Read(IEnumerable<MicroBatch> batches) => batches.SelectMany(b => b.Tokens.Chunk(b.Length)).Select(t => Text(data, t).Split('=')[0]);
        string[] epoch = [.. Read(Enumerable.Range(0, 12).Select(i => source.Load(i / 4, i % 4)))];
        Assert.Equal(data.Train.Select(p => $"{p.First}+{p.Second}").Order(), epoch.Order());
        Assert.Equal(data.Test.Select(p => $"{p.First}+{p.Second}"), Read(data.Validation(11).Batches(7)));
        Assert.Equal(5, data.Validation(11).Batches(5, maxBatches: 1).Single().Sequences);
    }

    [Fact]
    public void Files_give_back_what_was_written_in_the_format_of_the_original()
    {
        using AdditionDataset written = Prepared(), read = AdditionDataset.Find(new DataRecipe { Source = _folder["sums"] })!;
        Assert.Equal(written.ContentHash, read.ContentHash);
        Assert.Equal(written.Train, read.Train);
        Assert.Equal(written.Test, read.Test);
        AdditionProblem first = written.Train[0];
        Assert.StartsWith($$"""{"num1": {{first.First}}, "num2": {{first.Second}}, "sum": {{first.Answer}}, "expression": "{{first.First}} + {{first.Second}}", "answer": {{first.Answer}}}""" + "\n",
            File.ReadAllText(Path.Combine(_folder["sums"], "train_4digit.jsonl")), StringComparison.Ordinal);
        Assert.Null(AdditionDataset.Find(new DataRecipe { Source = "classics" }));
    }

    [Theory]
    [InlineData("""{"num1": 2, "num2": 3, "sum": 6, "answer": 6}""", "line 41: 2 + 3 is 5, not 6")]
    [InlineData("""{"num1": 2, "num2": 3, "sum": 5, "answer": 5, "expression": "3 + 2"}""", "the expression '3 + 2' is not the sum")]
    [InlineData("""{"num1": 2, "num2": 3}""", "line 41 is no sum")]
    [InlineData("sums", "line 41 is no sum")]
    public void A_line_that_is_no_sum_is_named(string line, string sentence)
    {
        Prepared().Dispose();
        File.AppendAllText(Path.Combine(_folder["sums"], "train_4digit.jsonl"), line + "\n");
        Assert.Contains(sentence, Assert.Throws<LoopedException>(() => AdditionDataset.Open(_folder["sums"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Sums_in_both_files_are_refused()
    {
        AdditionProblem known;
        using (AdditionDataset data = Prepared()) known = data.Train[5];
        AdditionFile.Write(Path.Combine(_folder["sums"], "test_4digit.jsonl"), [known]);
        Assert.Contains($"such as {known.Expression}", Assert.Throws<LoopedException>(() => AdditionDataset.Open(_folder["sums"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_does_not_fit_the_recipe_is_said()
    {
        using AdditionDataset data = Sums();
        Assert.Contains("takes 11 tokens, but model.sequence_length is 10", Assert.Throws<UsageException>(() => data.Training(10, 1, 4, 2)).Message, StringComparison.Ordinal);
        Assert.Contains("A step takes 61 sequences", Assert.Throws<UsageException>(() => data.Training(11, 1, 61, 61)).Message, StringComparison.Ordinal);
        Assert.Contains("characters of its own", Assert.Throws<UsageException>(() => AdditionDataset.Find(new DataRecipe { Source = "addition", Tokenizer = "bytes" })).Message, StringComparison.Ordinal);
    }
}
