using Looped.Actors.Runs;
using Looped.Actors.Training;
using Looped.Models.Checkpoints;

namespace Looped.Host.Inspection;

/// <summary>How a run stands now, from its folder alone.</summary>
/// <param name="Name">The folder's name.</param>
/// <param name="Folder">Where it is.</param>
/// <param name="Status">`running`, `finished`, `interrupted`, `failed`, or `stopped`: its process ended without a word.</param>
/// <param name="Step">Committed steps.</param>
/// <param name="TotalSteps">Steps of the whole run; null before the first.</param>
/// <param name="Loss">Training loss of the last step.</param>
/// <param name="LearningRate">Learning rate of the last step.</param>
/// <param name="Tokens">Tokens consumed.</param>
/// <param name="TokensPerSecond">Over the last twenty steps.</param>
/// <param name="SecondsLeft">At that speed; null unless running.</param>
/// <param name="Validation">The last evaluation.</param>
/// <param name="Checkpoint">The newest checkpoint.</param>
/// <param name="Owner">The process that has the run; null if none has.</param>
/// <param name="Error">What ended a failed run.</param>
internal sealed record RunState(string Name, string Folder, string Status, long Step, long? TotalSteps, double? Loss, double? LearningRate, long Tokens,
    double? TokensPerSecond, double? SecondsLeft, EvaluationReport? Validation, CheckpointState? Checkpoint, RunOwner? Owner, string? Error)
{
    private const int SpeedWindow = 20;

    /// <summary>Reads a run folder; the run may be going on.</summary>
    public static RunState Read(RunFolder run)
    {
        bool running = RunLock.IsHeld(run);
        IReadOnlyList<StepReport> steps = StepLog.Read<StepReport>(run.Metrics);
        IReadOnlyList<EvaluationReport> evaluations = StepLog.Read<EvaluationReport>(run.Evaluations);
        RunSummary? summary = RunSummary.Read(run.Summary);
        StepReport? last = steps.Count > 0 ? steps[^1] : null;
        (double? speed, double? left) = Speed(steps);
        bool told = summary is not null && summary.Steps >= (last?.Step ?? 0);
        string status = running ? "running" : told ? InspectionJson.ToNode(summary!.Status).GetValue<string>() : "stopped";
        return new(run.Name, run.Root, status, last?.Step ?? 0, last?.Steps, last?.Loss, last?.LearningRate, last?.Tokens ?? 0, speed, running ? left : null,
            evaluations.Count > 0 ? evaluations[^1] : null, CheckpointState.Newest(run.Checkpoints),
            running ? RunLock.OwnerOf(run) : null, told ? summary!.Error : null);
    }

    private static (double? TokensPerSecond, double? SecondsLeft) Speed(IReadOnlyList<StepReport> steps)
    {
        StepReport[] recent = [.. steps.Skip(Math.Max(0, steps.Count - SpeedWindow))];
        double seconds = recent.Sum(s => s.Seconds);
        if (seconds <= 0) return (null, null);
        return (recent.Sum(s => s.TokensPerSecond * s.Seconds) / seconds, (recent[^1].Steps - recent[^1].Step) * seconds / recent.Length);
    }
}

/// <summary>A checkpoint, checked.</summary>
/// <param name="Step">Its step.</param>
/// <param name="Path">Its folder.</param>
/// <param name="Verified">Whether every byte is as it was written.</param>
/// <param name="Problem">What is wrong with it; null if nothing is.</param>
/// <param name="Fallback">The newest one that verifies, where this one does not; null if there is none.</param>
internal sealed record CheckpointState(long Step, string Path, bool Verified, string? Problem, string? Fallback)
{
    /// <summary>The newest checkpoint in a folder of checkpoints, or null if there is none.</summary>
    public static CheckpointState? Newest(string checkpoints)
    {
        if (CheckpointStore.Steps(checkpoints) is not [.., long step]) return null;
        string path = CheckpointStore.PathOf(checkpoints, step);
        return CheckpointReader.TryVerify(path, out _, out string? problem)
            ? new(step, path, true, null, null)
            : new(step, path, false, problem, CheckpointStore.FindNewestVerified(checkpoints, out _));
    }
}
