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
    private readonly PatientLog<EvaluationReport> _evaluated = new(folder.Evaluations, long.MaxValue, []);
    private readonly LogTrouble _trouble = new();
    private PatientLog<StepReport>? _metrics;
    private PatientLog<StepAssignment>? _steps;
    private List<EvaluationReport> _evaluations = [];

    /// <summary>A recorder for a worker of a run.</summary>
    /// <param name="folder">The run folder, which exists.</param>
    /// <param name="recipe">The resolved recipe.</param>
    /// <param name="dataHash">Content hash of the data set.</param>
    public static RunRecorder Create(RunFolder folder, RunRecipe recipe, string dataHash) =>
        new(folder, recipe, RunIdentity.Describe(recipe, dataHash)) { Terms = new TermFiles(folder) };

    /// <summary>The terms of the run's supervisors; null in a process that has the run folder for itself.</summary>
    internal ISupervisorMemory? Terms { get; init; }

    /// <summary>Finished evaluations.</summary>
    public IReadOnlyList<EvaluationReport> Evaluations
    {
        get
        {
            lock (_gate) return [.. _evaluations];
        }
    }

    /// <summary>Opens the logs: lines above the last committed step are cut, missing ones of the latest steps are written.</summary>
    /// <param name="committed">Steps committed.</param>
    /// <param name="known">The latest of them, as far as they are known here.</param>
    public RecordedSoFar Begin(long committed, IReadOnlyList<RecordedStep> known)
    {
        ArgumentNullException.ThrowIfNull(known);
        End();
        lock (_gate)
        {
            _steps = new PatientLog<StepAssignment>(folder.Steps, committed, known.Select(Assignment));
            _metrics = new PatientLog<StepReport>(folder.Metrics, committed, known.Select(k => k.Report));
            using (var evaluations = new PatientLog<EvaluationReport>(folder.Evaluations, committed, [])) evaluations.Flush();
            _evaluations = [.. StepLog.Read<EvaluationReport>(folder.Evaluations).UnionBy(_evaluated.Waiting, e => e.Step).Where(e => e.Step <= committed)];
            Flush();
        }
        IReadOnlyList<long> durable = CheckpointStore.Steps(folder.Checkpoints);
        return new RecordedSoFar(durable.Where(s => s <= committed).DefaultIfEmpty(-1).Max(), Evaluations.Select(e => e.Step).ToHashSet());
    }

    /// <summary>Closes the logs. Lines that wait for room are given up: whoever opens them next remembers the steps too.</summary>
    public void End()
    {
        lock (_gate)
        {
            _metrics?.Dispose();
            _steps?.Dispose();
            (_metrics, _steps) = (null, null);
        }
    }

    /// <summary>Records a committed step; flushed before it returns. What cannot be written waits in memory, and <see cref="Remark"/> says so.</summary>
    public void RecordStep(StepReport report, Generation generation)
    {
        ArgumentNullException.ThrowIfNull(report);
        ArgumentNullException.ThrowIfNull(generation);
        lock (_gate)
        {
            if (_metrics is null || _steps is null) throw new InvalidOperationException("The logs are not open.");
            _steps.Add(Assignment(new RecordedStep(report, generation)));
            _metrics.Add(report);
            Flush();
        }
    }

    /// <summary>Records a finished evaluation, also one that ended after another process took the logs over; without room it waits, as a step does.</summary>
    public void RecordEvaluation(EvaluationReport report)
    {
        ArgumentNullException.ThrowIfNull(report);
        lock (_gate)
        {
            _evaluations.Add(report);
            _evaluated.Add(report);
            Flush();
        }
    }

    /// <summary>What people should know about the logs since this was asked last; null if nothing.</summary>
    public string? Remark()
    {
        lock (_gate) return _trouble.Take();
    }

    private static StepAssignment Assignment(RecordedStep step) =>
        new(step.Report.Step, step.Generation.Number, step.Generation.Members, step.Generation.Assignment);

    private void Flush()
    {
        string? error = _steps?.Flush() ?? _metrics?.Flush() ?? (_evaluated.Waiting.Count > 0 ? _evaluated.Flush() : null);
        _evaluated.Close(); // another process may be the next to write there
        _trouble.Note(error, (_steps?.GivenUp ?? 0) + _evaluated.GivenUp);
    }

    /// <summary>
    /// Writes a checkpoint, then removes those that retention no longer keeps. Whoever has not heard of the newest supervisor removes nothing:
    /// others may be at work, and know better what is needed.
    /// </summary>
    /// <param name="snapshot">The state.</param>
    /// <param name="generation">Number of the generation that asks.</param>
    /// <param name="term">The highest term that this worker has heard of.</param>
    /// <returns>Its folder, the bytes of its files, and where a damaged one of the same step was moved to.</returns>
    public (string Path, long Bytes, string? MovedAside) SaveCheckpoint(TrainingSnapshot snapshot, long generation, long term)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        Models.Checkpoints.CheckpointWritten written =
            CheckpointWriter.Write(folder.Checkpoints, snapshot, info, Incarnation.Name(generation));
        if (Terms is null || Terms.HighestTerm() <= term) RemoveOld(snapshot.Step);
        // What retention has removed may be room for lines that wait; nothing else comes after the last checkpoint.
        lock (_gate) Flush();
        return (written.Path, written.Bytes, written.MovedAside);
    }

    private void RemoveOld(long written)
    {
        IReadOnlyList<long> steps = CheckpointStore.Steps(folder.Checkpoints);
        long? best = Evaluations.Where(e => steps.Contains(e.Step)).MinBy(e => e.Loss)?.Step;
        foreach (long step in CheckpointRetention.ToDelete(steps, written, best, recipe.Checkpoint)) CheckpointStore.Delete(folder.Checkpoints, step);
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
    public void Dispose()
    {
        End();
        _evaluated.Dispose();
    }
}
