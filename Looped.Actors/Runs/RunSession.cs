using Looped.Actors.Recipes;
using Looped.Actors.Supervision;
using Looped.Actors.Training;
using Looped.Models;
using Looped.Models.Checkpoints;

namespace Looped.Actors.Runs;

/// <summary>
/// A run folder in the hands of the process that trains: locked, checked against the recipe, its logs open, the state to continue
/// from loaded. Everything a training writes goes through here.
/// </summary>
public sealed class RunSession : IDisposable
{
    private readonly RunLock _lock;
    private readonly StepLog<StepReport> _metrics;
    private readonly StepLog<StepAssignment> _steps;
    private readonly StepLog<EvaluationReport> _evaluations;
    private readonly CheckpointInfo _info;
    private readonly List<EvaluationReport> _measured;

    private RunSession(RunFolder folder, RunRecipe recipe, CheckpointInfo info, RunLock @lock, LoadedCheckpoint? restored,
        IReadOnlyList<string> warnings, double earlierSeconds)
    {
        (Folder, Recipe, _info, _lock, Restored, Warnings, EarlierSeconds) = (folder, recipe, info, @lock, restored?.Snapshot, warnings, earlierSeconds);
        long committed = Restored?.Step ?? 0;
        _metrics = StepLog.Open<StepReport>(folder.Metrics, committed);
        _steps = StepLog.Open<StepAssignment>(folder.Steps, committed);
        _evaluations = StepLog.Open<EvaluationReport>(folder.Evaluations, committed);
        _measured = [.. StepLog.Read<EvaluationReport>(folder.Evaluations)];
    }

    /// <summary>The run folder.</summary>
    public RunFolder Folder { get; }

    /// <summary>The recipe that is trained.</summary>
    public RunRecipe Recipe { get; }

    /// <summary>The state to continue from; null at the start.</summary>
    public TrainingSnapshot? Restored { get; }

    /// <summary>What a person should know about the restoring: damaged checkpoints, another machine.</summary>
    public IReadOnlyList<string> Warnings { get; }

    /// <summary>Seconds that earlier processes spent on this run, as far as their logs tell.</summary>
    public double EarlierSeconds { get; }

    /// <summary>Finished evaluations, those of earlier processes included.</summary>
    public IReadOnlyList<EvaluationReport> Evaluations
    {
        get
        {
            lock (_measured) return [.. _measured];
        }
    }

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
            CheckpointStore.RemoveLeftovers(folder.Checkpoints);
            var info = RunIdentity.Describe(recipe, dataHash);
            LoadedCheckpoint? restored = Restore(folder, recipe, info, out List<string> warnings);
            double earlier = Math.Max(RunSummary.Read(folder.Summary)?.Seconds ?? 0, StepLog.Read<StepReport>(folder.Metrics).Sum(s => s.Seconds));
            DurableFiles.WriteAtomically(folder.Recipe, System.Text.Encoding.UTF8.GetBytes(info.Recipe));
            return new RunSession(folder, recipe, info, held, restored, warnings, earlier);
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

    private static LoadedCheckpoint? Restore(RunFolder folder, RunRecipe recipe, CheckpointInfo info, out List<string> warnings)
    {
        string? newest = CheckpointStore.FindNewestVerified(folder.Checkpoints, out IReadOnlyList<string> damaged);
        warnings = [.. damaged];
        if (newest is null) return null;
        LoadedCheckpoint checkpoint = CheckpointReader.Load(newest);
        if (checkpoint.Info.DataSha256 != info.DataSha256)
            throw new LoopedException(
                $"The data set has changed since {newest} was written (hash {checkpoint.Info.DataSha256[..12]}…, now {info.DataSha256[..12]}…). " +
                $"Put the data back as they were, or start a new run with --run DIR.");
        if (checkpoint.Snapshot.Step > recipe.Training.Steps)
            throw new UsageException($"{newest} is already beyond training.steps = {recipe.Training.Steps}; raise it with --set training.steps=N --extend.");
        if (checkpoint.Info.Numerics != info.Numerics)
            warnings.Add($"This machine computes with other numerics than the run so far ({checkpoint.Info.Numerics} → {info.Numerics}): the bits of the result are not guaranteed.");
        return checkpoint;
    }

    /// <summary>Records a committed step; flushed before it returns.</summary>
    public void RecordStep(StepReport report, Generation generation)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(generation);
        _steps.Append(new StepAssignment(report.Step, generation.Number, generation.Members, generation.Assignment));
        _metrics.Append(report);
    }

    /// <summary>Records a finished evaluation.</summary>
    public void RecordEvaluation(EvaluationReport report)
    {
        _evaluations.Append(report);
        lock (_measured) _measured.Add(report);
    }

    /// <summary>Writes a checkpoint, then removes those that retention no longer keeps.</summary>
    /// <returns>Its folder, the bytes of its files, and where a damaged one of the same step was moved to.</returns>
    public (string Path, long Bytes, string? MovedAside) SaveCheckpoint(TrainingSnapshot snapshot, long generation)
    {
        Models.Checkpoints.CheckpointWritten written =
            CheckpointWriter.Write(Folder.Checkpoints, snapshot, _info, $"g{generation}-{Environment.ProcessId}");
        IReadOnlyList<long> steps = CheckpointStore.Steps(Folder.Checkpoints);
        long? best = Evaluations.Where(e => steps.Contains(e.Step)).MinBy(e => e.Loss)?.Step;
        foreach (long step in CheckpointRetention.ToDelete(steps, snapshot.Step, best, Recipe.Checkpoint))
            CheckpointStore.Delete(Folder.Checkpoints, step);
        return (written.Path, written.Bytes, written.MovedAside);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _metrics.Dispose();
        _steps.Dispose();
        _evaluations.Dispose();
        _lock.Dispose();
    }
}
