using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Looped.Models.Data.Preparation;
using Looped.Models.Data.Tokenizers;
using Looped.Models.Evaluation;
using Looped.Models.Recipes;

namespace Looped.Models.Data.Tasks;

/// <summary>The addition task: sums whose answers are to be predicted (STARS, section 1).</summary>
public sealed class AdditionDataset : IDataset
{
    /// <summary>The value of `data.source` that generates it.</summary>
    public const string SourceName = "addition";

    /// <summary>V of every such data set, whatever the number of digits.</summary>
    public static int Vocabulary => AdditionText.Characters.Length;

    private const string TrainPattern = "train_*digit.jsonl", TestPattern = "test_*digit.jsonl";

    private AdditionDataset(string folder, IReadOnlyList<AdditionProblem> train, IReadOnlyList<AdditionProblem> test)
    {
        (Folder, Train, Test) = (folder, train, test);
        ContentHash = Hash();
    }

    /// <inheritdoc/>
    public string Folder { get; }

    /// <summary>Problems to train on.</summary>
    public IReadOnlyList<AdditionProblem> Train { get; }

    /// <summary>Problems to test on; none of them is among those to train on.</summary>
    public IReadOnlyList<AdditionProblem> Test { get; }

    /// <inheritdoc/>
    public ITokenizer Tokenizer { get; } = CharacterTokenizer.InOrder(AdditionText.Characters);

    /// <inheritdoc/>
    public int VocabularySize => Vocabulary;

    /// <summary>Tokens of the longest sum with its answer: a sequence must be at least as long.</summary>
    public int LongestSum => Train.Concat(Test).Max(p => p.Text.Tokens.Length);

    /// <inheritdoc/>
    public string ContentHash { get; }

    /// <summary>Finds the task that a recipe names; null if it names text.</summary>
    /// <param name="data">The recipe's `data` section.</param>
    /// <exception cref="LoopedException">It contradicts itself, or the files are damaged.</exception>
    public static AdditionDataset? Find(DataRecipe data)
    {
        ArgumentNullException.ThrowIfNull(data);
        bool generated = data.Source == SourceName;
        if (!generated && FilesIn(data.Source) is null) return null;
        if (data.Tokenizer.Length > 0)
            throw new UsageException($"data.tokenizer is {data.Tokenizer}, but the addition task has characters of its own; leave it empty.");
        return generated ? Generate(new AdditionRequest(data.Digits, data.TrainRows, data.TestRows, data.TaskSeed)) : Open(data.Source);
    }

    /// <summary>Generates it.</summary>
    public static AdditionDataset Generate(AdditionRequest request)
    {
        (IReadOnlyList<AdditionProblem> train, IReadOnlyList<AdditionProblem> test) = AdditionGenerator.Generate(request);
        return new AdditionDataset(SourceName, train, test);
    }

    /// <summary>Reads a folder with `train_4digit.jsonl` and `test_4digit.jsonl`, whatever the number of digits.</summary>
    /// <exception cref="LoopedException">They are not there or damaged, or have sums in common.</exception>
    public static AdditionDataset Open(string folder)
    {
        (string train, string test) = FilesIn(folder) ?? throw new LoopedException($"{folder} has no {TrainPattern} with its {TestPattern}; make them with `looped prepare addition`.");
        var dataset = new AdditionDataset(folder, AdditionFile.Read(train), AdditionFile.Read(test));
        HashSet<AdditionProblem> learnt = [.. dataset.Train];
        return dataset.Test.Where(learnt.Contains).ToArray() is not [AdditionProblem known, ..] shared
            ? dataset
            : throw new LoopedException($"{test} shares {shared.Length:N0} sums with {train}, such as {known.Expression}, so it would not tell what was understood; take them out of one of the files.");
    }

    /// <summary>Generates it and writes the two files.</summary>
    /// <param name="request">What to generate.</param>
    /// <param name="output">The folder to make; it must not exist, or be empty.</param>
    /// <exception cref="UsageException">The folder cannot be made, or there are not that many pairs.</exception>
    public static AdditionDataset Prepare(AdditionRequest request, string output)
    {
        AdditionDataset task = Generate(request);
        using var folder = new NewFolder(output);
        string Name(string pattern) => Path.Combine(folder.Path, pattern.Replace("*", request.Digits.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal));
        AdditionFile.Write(Name(TrainPattern), task.Train);
        AdditionFile.Write(Name(TestPattern), task.Test);
        folder.Keep();
        return task;
    }

    /// <inheritdoc/>
    public IMicroBatchSource Training(int sequenceLength, long seed, int globalSequences, int microSequences)
    {
        if (Train.Count < globalSequences)
            throw new UsageException($"A step takes {globalSequences} sequences, but there are {Train.Count:N0} sums to train on ({Folder}); "
                + (Folder == SourceName ? "raise data.train_rows, or lower batch.global_sequences." : "lower batch.global_sequences, or prepare more with `looped prepare addition --rows`."));
        return new RowMicroBatchSource(RowsOf(Train, sequenceLength), new SequenceSampler(Train.Count, seed, globalSequences, microSequences),
            string.Create(CultureInfo.InvariantCulture, $"{Train.Count:N0} sums such as {Train[0].Expression}, and {Test.Count:N0} others to test on"));
    }

    /// <inheritdoc/>
    public IValidationSource Validation(int sequenceLength) => new RowValidationSource(RowsOf(Test, sequenceLength));

    /// <inheritdoc/>
    public double UnigramPerplexity() => Unigram.Perplexity(Count(Train), Count(Test));

    /// <inheritdoc/>
    public int[] Prompt(int tokens) => Test[0].Text.Prompt;

    /// <inheritdoc/>
    public void Dispose() => Tokenizer.Dispose();

    private static Rows RowsOf(IReadOnlyList<AdditionProblem> problems, int sequenceLength)
    {
        AdditionProblem longest = problems.MaxBy(p => p.Text.Tokens.Length);
        return longest.Text.Tokens.Length <= sequenceLength
            ? new Rows(problems.Count, i => problems[(int)i].Text.Row, AdditionText.Padding)
            : throw new UsageException($"{longest.Expression} with its answer takes {longest.Text.Tokens.Length} tokens, but model.sequence_length is {sequenceLength}; raise it to {longest.Text.Tokens.Length}.");
    }

    private long[] Count(IReadOnlyList<AdditionProblem> problems)
    {
        var counts = new long[VocabularySize];
        foreach (AdditionProblem problem in problems)
            foreach (int id in problem.Text.Tokens.AsSpan(problem.Text.PromptLength)) counts[id]++;
        return counts;
    }

    private static (string Train, string Test)? FilesIn(string folder)
    {
        if (!Directory.Exists(folder)) return null;
        foreach (string train in Directory.EnumerateFiles(folder, TrainPattern).Order(StringComparer.Ordinal))
        {
            string test = Path.Combine(folder, "test_" + Path.GetFileName(train)["train_".Length..]);
            if (File.Exists(test)) return (train, test);
        }
        return null;
    }

    private string Hash()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Append(string text) => hash.AppendData(Encoding.UTF8.GetBytes(text));
        Append($"looped addition 1\n{AdditionText.Characters}\n");
        foreach (IReadOnlyList<AdditionProblem> part in (IReadOnlyList<AdditionProblem>[])[Train, Test])
        {
            Append($"{part.Count}\n");
            foreach (AdditionProblem problem in part) Append($"{problem.Expression}\n");
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
