using Looped.Models.Recipes;

namespace Looped.Models.Checkpoints;

/// <summary>Which checkpoints are kept: the last `keep_last`, every multiple of `keep_every`, the best.</summary>
public static class CheckpointRetention
{
    /// <summary>The steps whose checkpoints may go, ascending.</summary>
    /// <param name="steps">The steps of all checkpoints.</param>
    /// <param name="newestVerified">The newest that is known to be whole; never removed. Null: nothing is known, nothing is removed.</param>
    /// <param name="best">The step with the lowest validation loss among them, if known.</param>
    /// <param name="recipe">What to keep.</param>
    public static IReadOnlyList<long> ToDelete(IReadOnlyCollection<long> steps, long? newestVerified, long? best, CheckpointRecipe recipe)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        if (newestVerified is null) return [];
        HashSet<long> kept = [newestVerified.Value, .. steps.OrderDescending().Take(recipe.KeepLast)];
        if (recipe.KeepEvery > 0) kept.UnionWith(steps.Where(s => s % recipe.KeepEvery == 0));
        if (recipe.KeepBest && best is { } step) kept.Add(step);
        return [.. steps.Except(kept).Order()];
    }
}
