using System.CommandLine;
using System.Text.Json.Nodes;
using Looped.Actors.Recipes;
using Looped.Host.CommandLine;
using Looped.Host.Recipes;
using Looped.Models;
using Looped.Models.Data.Tasks;
using Looped.Models.Recipes;

namespace Looped.Host.Commands;

/// <summary><c>looped prepare addition</c>: the sums that recipes with <c>data.source: addition</c> generate, as files.</summary>
internal static class PrepareAddition
{
    private static readonly DataRecipe Usual = new();

    private static readonly Option<int> Digits = Number("--digits", $"{AdditionDataset.SourceName}: digits of both numbers.", Usual.Digits, AdditionRequest.MostDigits);
    private static readonly Option<int> Rows = Number("--rows", $"{AdditionDataset.SourceName}: sums to train on.", Usual.TrainRows, int.MaxValue);
    private static readonly Option<int> TestRows = Number("--test-rows", $"{AdditionDataset.SourceName}: sums to test on, none of which is among those to train on.", Usual.TestRows, int.MaxValue);

    private static readonly Option<long> Seed = new("--random-seed")
    {
        Description = $"{AdditionDataset.SourceName}: which sums are drawn; `data.task_seed` of a recipe.",
        HelpName = "N",
        DefaultValueFactory = _ => Usual.TaskSeed,
    };

    /// <summary>Its options.</summary>
    public static IReadOnlyList<Option> Options { get; } = [Digits, Rows, TestRows, Seed];

    /// <summary>Whether the task is what a person asked for.</summary>
    /// <exception cref="UsageException">Options do not fit the sources.</exception>
    public static bool Wanted(ParseResult parsed, string[] sources, IEnumerable<Option> ofText)
    {
        bool wanted = sources is [AdditionDataset.SourceName];
        Option? misplaced = (wanted ? ofText : Options).FirstOrDefault(o => parsed.GetResult(o) is { Implicit: false });
        return misplaced is null ? wanted : throw new UsageException(wanted
            ? $"{misplaced.Name} does not go with {AdditionDataset.SourceName}, whose text is generated; leave it out."
            : $"{misplaced.Name} goes with {AdditionDataset.SourceName} only: `looped prepare {AdditionDataset.SourceName} --out DIR`.");
    }

    /// <summary>Writes the files.</summary>
    public static int Run(ParseResult parsed, string output, bool json)
    {
        int digits = parsed.GetValue(Digits);
        using AdditionDataset task = AdditionDataset.Prepare(new(digits, parsed.GetValue(Rows), parsed.GetValue(TestRows), parsed.GetValue(Seed)), output);
        if (json)
        {
            Terminal.Out.WriteJson(new JsonObject
            {
                ["folder"] = output,
                ["digits"] = digits,
                ["train_rows"] = task.Train.Count,
                ["test_rows"] = task.Test.Count,
                ["content_sha256"] = task.ContentHash,
            });
            return ExitCode.Finished;
        }
        Terminal.Out.WriteLine($"{output}: {task.Train.Count:N0} sums to train on, such as {task.Train[0].Expression} = {task.Train[0].Answer}, and {task.Test.Count:N0} others to test on.");
        Terminal.Out.WriteLine($"Train on it:  looped train {AdditionDataset.SourceName} --run {Path.Combine("runs", Path.GetFileName(output.TrimEnd('/')))} --set {string.Join(" --set ", Overrides(task, output))}");
        return ExitCode.Finished;
    }

    /// <summary>What fits the shipped recipe to the sums.</summary>
    private static IEnumerable<string> Overrides(AdditionDataset task, string output)
    {
        RunRecipe recipe = RecipeSource.Load(AdditionDataset.SourceName, []);
        yield return $"data.source={output}";
        if (task.LongestSum > recipe.Model.SequenceLength) yield return $"model.sequence_length={task.LongestSum}";
        if (task.Train.Count >= recipe.Batch.GlobalSequences) yield break;
        int micro = Math.Min(recipe.Batch.MicroSequences, task.Train.Count);
        yield return $"batch.global_sequences={task.Train.Count / micro * micro}";
        if (micro != recipe.Batch.MicroSequences) yield return $"batch.micro_sequences={micro}";
    }

    private static Option<int> Number(string name, string description, int usual, int most) => new(name)
    {
        Description = description,
        HelpName = "N",
        DefaultValueFactory = _ => usual,
        // A word that is no number has its own error.
        Validators =
        {
            result =>
            {
                if (int.TryParse(result.Tokens is [var token] ? token.Value : null, out int value) && (value < 1 || value > most))
                    result.AddError($"{name} must be from 1 to {most:N0}, not {value}");
            },
        },
    };
}
