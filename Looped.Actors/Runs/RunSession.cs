using Looped.Actors.Recipes;
using Looped.Actors.Telemetry;
using Looped.Actors.Training;
using Looped.Models;
using Looped.Models.Checkpoints;

namespace Looped.Actors.Runs;

/// <summary>A run folder in the hands of the process that answers for it: locked, and checked against the recipe.</summary>
public sealed class RunSession : IDisposable
{
    private readonly RunLock _lock;

    private RunSession(RunFolder folder, RunRecipe recipe, CheckpointInfo info, RunLock @lock, TrainingSnapshot? restored,
        IReadOnlyList<string> warnings, double earlierSeconds, TimeTotals earlierTime)
    {
        (Folder, Recipe, _lock, Restored, Warnings, EarlierSeconds, EarlierTime) = (folder, recipe, @lock, restored, warnings, earlierSeconds, earlierTime);
        Recorder = new RunRecorder(folder, recipe, info);
    }

    /// <summary>The run folder.</summary>
    public RunFolder Folder { get; }

    /// <summary>The recipe that is trained.</summary>
    public RunRecipe Recipe { get; }

    /// <summary>What the run's worker in this process, if there is one, reads and writes.</summary>
    public RunRecorder Recorder { get; }

    /// <summary>The state to continue from; null at the start.</summary>
    public TrainingSnapshot? Restored { get; }

    /// <summary>What a person should know about the restoring: damaged checkpoints, another machine.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>Seconds that earlier processes spent on this run, as far as their logs tell.</summary>
    public double EarlierSeconds { get; }

    /// <summary>What the seconds of their workers were spent on, as the last summary says.</summary>
    public TimeTotals EarlierTime { get; }

    /// <summary>Opens or creates a run.</summary>
    /// <param name="folder">Where.</param>
    /// <param name="recipe">The resolved recipe.</param>
    /// <param name="dataHash">Content hash of the data set.</param>
    /// <param name="extend">Whether `training.steps` may be larger than the run's.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="LoopedException">The folder is in use, belongs to another recipe or other data, or no checkpoint fits.</exception>
    public static RunSession Open(RunFolder folder, RunRecipe recipe, string dataHash, bool extend, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(recipe);
        folder.Create();
        RunLock held = RunLock.Acquire(folder, time);
        try
        {
            RunIdentity.RequireSameRun(folder, recipe, extend);
            CheckpointStore.RemoveLeftovers(folder.Checkpoints, Incarnation.MayLive);
            var info = RunIdentity.Describe(recipe, dataHash);
            using var reader = new RunRecorder(folder, recipe, info);
            var warnings = new List<string>();
            TrainingSnapshot? restored = reader.LoadNewest(warnings.Add);
            if (restored is null && CheckpointStore.Steps(folder.Checkpoints) is [_, ..])
                warnings.Add($"No checkpoint in {folder.Checkpoints} verifies, so the run begins anew; to look into what is left of it, stop now and copy the folder.");
            RunSummary? summary = RunSummary.Read(folder.Summary);
            double earlier = Math.Max(summary?.Seconds ?? 0, StepLog.Read<StepReport>(folder.Metrics).Sum(s => s.Seconds));
            DurableFiles.WriteAtomically(folder.Recipe, System.Text.Encoding.UTF8.GetBytes(info.Recipe));
            return new RunSession(folder, recipe, info, held, restored, warnings, earlier, summary?.Time ?? TimeTotals.Zero);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>The summary of a run that has nothing left to do, or null.</summary>
    /// <param name="folder">The run folder.</param>
    /// <param name="recipe">The recipe asked for.</param>
    /// <param name="extend">Whether `training.steps` may be larger than the run's.</param>
    /// <exception cref="UsageException">The folder holds a run of another recipe.</exception>
    public static RunSummary? FindFinished(RunFolder folder, RunRecipe recipe, bool extend)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(recipe);
        RunIdentity.RequireSameRun(folder, recipe, extend);
        RunSummary? summary = RunSummary.Read(folder.Summary);
        return summary is { Status: RunStatus.Finished } && summary.Steps >= recipe.Training.Steps ? summary : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Recorder.Dispose();
        _lock.Dispose();
    }
}
