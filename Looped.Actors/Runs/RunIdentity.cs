using System.Text.Json.Nodes;
using Looped.Actors.Recipes;
using Looped.Models;
using Looped.Models.Checkpoints;
using Looped.Models.Optimization;
using Looped.Models.Recipes;

namespace Looped.Actors.Runs;

/// <summary>Whether a run folder and a recipe belong together.</summary>
internal static class RunIdentity
{
    /// <summary>Refuses a recipe that would change the weights of the run in the folder.</summary>
    /// <exception cref="UsageException">The recipes differ; the keys are named.</exception>
    public static void RequireSameRun(RunFolder folder, RunRecipe recipe, bool extend)
    {
        if (!File.Exists(folder.Recipe)) return;
        RunRecipe before = RecipeFile.Load<RunRecipe>(folder.Recipe, []);
        if (RecipeIdentity.Of(before) == RecipeIdentity.Of(recipe)) return;
        if (folder.IsImported)
            throw new UsageException($"{folder.Root} holds imported weights, which training leaves as they are; train from them in another folder: --run DIR --set model.weights={folder.Root}.");
        if (RecipeIdentity.WithoutSteps(before) != RecipeIdentity.WithoutSteps(recipe))
            throw new UsageException(
                $"{folder.Root} holds a run of another recipe: {string.Join(", ", RecipeIdentity.Differences(before, recipe))}. " +
                "Choose another folder with --run DIR, or use the run's own recipe.yaml.");
        (int had, int wants) = (before.Training.Steps, recipe.Training.Steps);
        if (wants < had)
            throw new UsageException($"The run in {folder.Root} has training.steps = {had}; it cannot be shortened to {wants}. Choose another folder with --run DIR.");
        if (!extend)
            throw new UsageException(
                $"The run in {folder.Root} has training.steps = {had}, not {wants}. More steps stretch the learning-rate schedule, " +
                "so the result differs from a fresh run; say --extend if that is what you want.");
    }

    /// <summary>What every checkpoint of the run says about it.</summary>
    public static CheckpointInfo Describe(RunRecipe recipe, string dataHash) => new(
        RecipeIdentity.Of(recipe), dataHash, NumericsFingerprint.Current(recipe.Training).Describe(),
        new Dictionary<string, string> { ["libtorch"] = TorchSharp.torch.__version__, ["looped"] = typeof(RunIdentity).Assembly.GetName().Version!.ToString(3) },
        new Dictionary<string, long> { ["seed"] = recipe.Seed, ["data"] = recipe.Data.Seed ?? recipe.Seed },
        new JsonObject(), RecipeWriter.ToYaml(recipe));
}
