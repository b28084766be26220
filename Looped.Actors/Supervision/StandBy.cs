using Looped.Actors.Recipes;
using Looped.Models.Recipes;

namespace Looped.Actors.Supervision;

/// <summary>What a seed must have in common with the supervisor that it stands by for: it may have to go on with that run. Pure.</summary>
public static class StandBy
{
    /// <summary>Why a seed cannot stand by; null if it can.</summary>
    /// <param name="run">The run as the supervisor describes it.</param>
    /// <param name="recipe">The seed's resolved recipe.</param>
    /// <param name="dataHash">Content hash of the seed's data set.</param>
    public static string? Refusal(RunDescribed run, RunRecipe recipe, string dataHash)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(recipe);
        ArgumentNullException.ThrowIfNull(dataHash);
        if (run.RecipeIdentity != RecipeIdentity.Of(recipe))
            return $"This seed has another recipe than the run that it would stand by for: {Differences(run, recipe)}. Start it with the run's own (recipe.yaml in {run.RunFolder}).";
        if (run.DataHash != dataHash)
            return $"This seed has another data set than the run that it would stand by for (hash {SupervisedRun.Short(dataHash)} instead of "
                + $"{SupervisedRun.Short(run.DataHash)}). Give it the same files.";
        return null;
    }

    private static string Differences(RunDescribed run, RunRecipe recipe) =>
        string.Join(", ", RecipeIdentity.Differences(RecipeFile.Parse<RunRecipe>(run.Recipe, "the cluster's recipe", []), recipe));
}
