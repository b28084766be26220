using Looped.Actors.Recipes;
using Looped.Actors.Supervision;
using Looped.Actors.Training;
using Looped.Models;
using Looped.Models.Checkpoints;

namespace Looped.Actors.Runs;

/// <summary>
/// What a worker reads from and writes to the run folder. Any worker can become rank 0, so each has one; only rank 0's is between
/// <see cref="Begin"/> and <see cref="End"/>. Called from the training thread, checkpoints and evaluations from their actors.
/// </summary>
public sealed class RunRecorder(RunFolder folder, RunRecipe recipe, CheckpointInfo info) : IDisposable
{
    private readonly object _gate = new();
    private StepLog<StepReport>? _metrics;
    private StepLog<StepAssignment>? _steps;
    private List<EvaluationReport> _evaluations = [];

    /// <summary>A recorder for a worker of a run.</summary>
    /// <param name="folder">The run folder, which exists.</param>
    /// <param name="recipe">The resolved recipe.</param>
    /// <param name="dataHash">Content hash of the data set.</param>
    public static RunRecorder Create(RunFolder folder, RunRecipe recipe, string dataHash) => new(folder, recipe, RunIdentity.Describe(recipe, dataHash));

    /// <summary>Finished evaluations.</summary>
    public IReadOnlyList<EvaluationReport> Evaluations
    {
        get
        {
            lock (_gate) return [.. _evaluations];
        }
    }

    /// <summary>Opens the logs: lines above the last committed step are cut, a missing line of it is written.</summary>
    /// <param name="committed">Steps committed.</param>
    /// <param name="last">The report of the last one, if it is known here.</param>
    /// <param name="by">The generation that computed it.</param>
    public RecordedSoFar Begin(long committed, StepReport? last, Generation? by)
    {
        End();
        lock (_gate)
        {
            _metrics = StepLog.Open<StepReport>(folder.Metrics, committed);
            _steps = StepLog.Open<StepAssignment>(folder.Steps, committed);
            using (StepLog.Open<EvaluationReport>(folder.Evaluations, committed))
                _evaluations = [.. StepLog.Read<EvaluationReport>(folder.Evaluations)];
        }
        if (last is not null && by is not null && !StepLog.Read<StepReport>(folder.Metrics).Any(r => r.Step == last.Step)) RecordStep(last, by);
        IReadOnlyList<long> durable = CheckpointStore.Steps(folder.Checkpoints);
        return new RecordedSoFar(durable.Where(s => s <= committed).DefaultIfEmpty(-1).Max(), Evaluations.Select(e => e.Step).ToHashSet());
    }

    /// <summary>Closes the logs.</summary>
    public void End()
    {
        lock (_gate)
        {
            _metrics?.Dispose();
            _steps?.Dispose();
            (_metrics, _steps) = (null, null);
        }
    }

    /// <summary>Records a committed step; flushed before it returns.</summary>
    public void RecordStep(StepReport report, Generation generation)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(generation);
        lock (_gate)
        {
            if (_metrics is null || _steps is null) throw new InvalidOperationException("The logs are not open.");
            _steps.Append(new StepAssignment(report.Step, generation.Number, generation.Members, generation.Assignment));
            _metrics.Append(report);
        }
    }

    /// <summary>Records a finished evaluation, also one that ended after another process took the logs over.</summary>
    public void RecordEvaluation(EvaluationReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        lock (_gate)
        {
            using StepLog<EvaluationReport> log = StepLog.Open<EvaluationReport>(folder.Evaluations, long.MaxValue);
            log.Append(report);
            _evaluations.Add(report);
        }
    }

    /// <summary>Writes a checkpoint, then removes those that retention no longer keeps.</summary>
    /// <returns>Its folder, the bytes of its files, and where a damaged one of the same step was moved to.</returns>
    public (string Path, long Bytes, string? MovedAside) SaveCheckpoint(TrainingSnapshot snapshot, long generation)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        Models.Checkpoints.CheckpointWritten written =
            CheckpointWriter.Write(folder.Checkpoints, snapshot, info, Incarnation.Name(generation));
        IReadOnlyList<long> steps = CheckpointStore.Steps(folder.Checkpoints);
        long? best = Evaluations.Where(e => steps.Contains(e.Step)).MinBy(e => e.Loss)?.Step;
        foreach (long step in CheckpointRetention.ToDelete(steps, snapshot.Step, best, recipe.Checkpoint))
            CheckpointStore.Delete(folder.Checkpoints, step);
        return (written.Path, written.Bytes, written.MovedAside);
    }

    /// <summary>Reads the newest checkpoint that verifies; null if there is none.</summary>
    /// <param name="warn">Told about damaged ones, and about other numerics.</param>
    /// <exception cref="LoopedException">It is of other data, or beyond the last step.</exception>
    public TrainingSnapshot? LoadNewest(Action<string> warn)
    {
        ArgumentNullException.ThrowIfNull(warn);
        string? newest = CheckpointStore.FindNewestVerified(folder.Checkpoints, out IReadOnlyList<string> damaged);
        foreach (string warning in damaged) warn(warning);
        if (newest is null) return null;
        LoadedCheckpoint checkpoint = CheckpointReader.Load(newest);
        if (checkpoint.Info.DataSha256 != info.DataSha256)
            throw new LoopedException(
                $"The data set has changed since {newest} was written (hash {checkpoint.Info.DataSha256[..12]}…, now {info.DataSha256[..12]}…). " +
                $"Put the data back as they were, or start a new run with --run DIR.");
        if (checkpoint.Snapshot.Step > recipe.Training.Steps)
            throw new UsageException($"{newest} is already beyond training.steps = {recipe.Training.Steps}; raise it with --set training.steps=N --extend.");
        if (checkpoint.Info.Numerics != info.Numerics)
            warn($"This machine computes with other numerics than the run so far ({checkpoint.Info.Numerics} → {info.Numerics}): the bits of the result are not guaranteed.");
        return checkpoint.Snapshot;
    }

    /// <inheritdoc/>
    public void Dispose() => End();
}
