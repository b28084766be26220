using System.Text.RegularExpressions;

namespace Looped.Models.Recipes;

/// <summary>What must hold between the keys of a recipe, beyond the range of each.</summary>
public static partial class RecipeRules
{
    /// <summary>Largest M: sums of so many fixed-point contributions cannot wrap.</summary>
    public const int MostMicroBatches = 4096;

    /// <summary>What is wrong, by whole key; empty if nothing is.</summary>
    public static IEnumerable<RecipeProblem> Problems(Recipe recipe)
    {
        if (recipe.Name is "." or ".." || recipe.Name.IndexOfAny(['/', '\\', '\0']) >= 0)
            yield return new("name", "it names the run folder, so it cannot contain a slash");

        BatchRecipe batch = recipe.Batch;
        if (batch.GlobalSequences % batch.MicroSequences != 0)
            yield return new("batch.global_sequences", $"{batch.GlobalSequences} is not a multiple of batch.micro_sequences ({batch.MicroSequences})");
        else if (batch.MicroBatches() > MostMicroBatches)
            yield return new("batch.micro_sequences", $"a step would have {batch.MicroBatches()} micro-batches, the most is {MostMicroBatches}; "
                + $"use at least {(batch.GlobalSequences + MostMicroBatches - 1) / MostMicroBatches}");

        if (recipe.Optimizer.Betas is not { Count: 2 } betas || betas.Any(b => b is < 0 or >= 1))
            yield return new("optimizer.betas", "must be two numbers, each at least 0 and below 1, such as [0.9, 0.95]");

        if (DeviceProblem(recipe.Training.Device) is { } device) yield return new("training.device", device);

        foreach (RecipeProblem problem in recipe.Model.Problems())
            yield return problem with { Key = $"model.{problem.Key}" };
    }

    /// <summary>Why a device is none, to be read after its key or option; null if it is one.</summary>
    /// <param name="device">As typed.</param>
    public static string? DeviceProblem(string device) => DevicePattern().IsMatch(device) ? null
        : $"must be cpu, cuda or cuda:N, not '{device}'{Suggestions.DidYouMean(device, ["cpu", "cuda", "cuda:0"])}";

    [GeneratedRegex(@"^(cpu|cuda|cuda:\d{1,3})\z", RegexOptions.CultureInvariant)]
    private static partial Regex DevicePattern();
}
