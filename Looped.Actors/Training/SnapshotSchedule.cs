using Looped.Models.Recipes;

namespace Looped.Actors.Training;

/// <summary>What a snapshot between two steps is for.</summary>
/// <param name="Checkpoint">Write a checkpoint.</param>
/// <param name="Evaluate">Measure the validation loss.</param>
/// <param name="Full">Read the whole validation set for it.</param>
public readonly record struct SnapshotPurpose(bool Checkpoint, bool Evaluate, bool Full)
{
    /// <summary>Number of readers; 0 means no snapshot is needed.</summary>
    public int Readers => (Checkpoint ? 1 : 0) + (Evaluate ? 1 : 0);
}

/// <summary>Decides when snapshots are taken: a pure function of the recipe and the step.</summary>
public static class SnapshotSchedule
{
    /// <summary>The purpose of a snapshot at a step.</summary>
    /// <param name="recipe">The run.</param>
    /// <param name="step">Committed steps.</param>
    /// <param name="durable">The newest step that already has a checkpoint, or −1.</param>
    /// <param name="last">Whether no further step follows: the end, or an interruption.</param>
    /// <param name="evaluated">Whether this step already has an evaluation.</param>
    public static SnapshotPurpose At(Recipe recipe, long step, long durable, bool last, bool evaluated)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        bool end = step >= recipe.Training.Steps;
        bool checkpoint = step > durable && step > 0 && (last || end || IsDue(recipe.Checkpoint.Every, step));
        bool evaluate = !evaluated && (step == 0 || end || IsDue(recipe.Evaluation.Every, step));
        return new SnapshotPurpose(checkpoint, evaluate, end);
    }

    private static bool IsDue(int every, long step) => every > 0 && step % every == 0;
}
