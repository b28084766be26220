using System.Security.Cryptography;
using Looped.Actors.Recipes;
using Looped.Actors.Runs;
using Looped.Host.Progress;
using Looped.Host.Training;
using Looped.Models;
using Looped.Models.Checkpoints;

namespace Looped.Host.Chaos;

/// <summary>Hashes of a run's last checkpoint: what two runs are compared by.</summary>
/// <param name="Model">SHA-256 of <c>model.safetensors</c>.</param>
/// <param name="Optimizer">SHA-256 of <c>optimizer.safetensors</c>.</param>
internal sealed record FinalHashes(string Model, string Optimizer)
{
    /// <summary>Reads the files and hashes them.</summary>
    /// <exception cref="LoopedException">The run has no checkpoint of its last step.</exception>
    public static FinalHashes Of(RunFolder folder, long step)
    {
        string checkpoint = CheckpointStore.PathOf(folder.Checkpoints, step);
        try
        {
            return new(Hash(Path.Combine(checkpoint, "model.safetensors")), Hash(Path.Combine(checkpoint, "optimizer.safetensors")));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LoopedException($"The last checkpoint of {folder.Root} cannot be read: {e.Message}", e);
        }
    }

    private static string Hash(string path)
    {
        using FileStream file = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }
}

/// <summary>The run that nobody disturbs: one worker in this process.</summary>
internal static class UndisturbedRun
{
    /// <summary>Trains a recipe to its end, unless the folder has it already.</summary>
    /// <returns>Whether it is finished; false after a notice such as Ctrl-C.</returns>
    /// <exception cref="LoopedException">It failed.</exception>
    /// <exception cref="OperationCanceledException">Notice came before it began.</exception>
    public static async Task<bool> Train(RunRecipe recipe, RunFolder folder, ITrainingDisplay display, CancellationToken notice)
    {
        if (RunSession.FindFinished(folder, recipe, extend: false) is not null)
        {
            display.Note($"{folder.Root} has this run already");
            return true;
        }
        // Text may have to be prepared first; nobody waits for that who has notice.
        using RunData data = await Task.Run(() => RunData.Open(recipe), notice).WaitAsync(notice);
        using RunSession session = RunSession.Open(folder, recipe, data.Dataset.ContentHash, extend: false, TimeProvider.System);
        display.Start(recipe.Name, session.Restored?.Step ?? 0, recipe.Training.Steps);
        RunSummary summary = await new TrainRun(session, data, display, verbose: false) { Notice = notice }.Run(null);
        if (summary.Status == RunStatus.Failed) throw new LoopedException($"The undisturbed run failed: {summary.Error}");
        return summary.Status == RunStatus.Finished;
    }
}
