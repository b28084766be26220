using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Actors.Training;
using Looped.Models.Checkpoints;

namespace Looped.Host.Inspection;

/// <summary>How a run stands now, from its folder alone.</summary>
/// <param name="Name">The folder's name.</param>
/// <param name="Folder">Where it is.</param>
/// <param name="Status">`running`, `finished`, `interrupted`, `failed`, `stopped`: its process ended without a word, or `imported`: weights that nobody trained here.</param>
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
/// <param name="Generation">The generation of the last step.</param>
/// <param name="WorldSize">Its number of workers.</param>
/// <param name="Goodput">Share of the time spent in steps that count, once the run was settled.</param>
/// <param name="Workers">Who computed the last step.</param>
/// <param name="Events">What happened lately, the newest last.</param>
/// <param name="Gaps">What is missing in the folder, a sentence each.</param>
internal sealed record RunState(string Name, string Folder, string Status, long Step, long? TotalSteps, double? Loss, double? LearningRate, long Tokens,
    double? TokensPerSecond, double? SecondsLeft, EvaluationReport? Validation, CheckpointState? Checkpoint, RunOwner? Owner, string? Error,
    long? Generation, int? WorldSize, double? Goodput, IReadOnlyList<MemberState> Workers, IReadOnlyList<RunEvent> Events, IReadOnlyList<string> Gaps)
{
    private const int SpeedWindow = 20;

    /// <summary>Reads a run folder; the run may be going on.</summary>
    public static RunState Read(RunFolder run) => Of(RunRecords.Read(run), CheckpointState.Newest(run.Checkpoints));

    /// <summary>From what was read of a folder.</summary>
    public static RunState Of(RunRecords records, CheckpointState? checkpoint)
    {
        RunFolder run = records.Folder;
        IReadOnlyList<StepReport> steps = records.Steps;
        StepReport? last = steps.Count > 0 ? steps[^1] : null;
        (double? speed, double? left) = Speed(steps);
        string status = StatusOf(records);
        bool running = status == "running", told = status is not ("running" or "stopped" or "imported");
        return new(run.Name, run.Root, status, last?.Step ?? 0, last?.Steps > 0 ? last.Steps : null, last?.Loss, last is { LearningRate: var rate } && double.IsFinite(rate) ? rate : null, last?.Tokens ?? 0, speed, running ? left : null,
            records.Evaluations.Count > 0 ? records.Evaluations[^1] : null, checkpoint,
            running ? RunLock.OwnerOf(run) : null, told ? records.Summary!.Error : null,
            last?.Generation > 0 ? last.Generation : null, last?.WorldSize > 0 ? last.WorldSize : null, told ? records.Summary!.Goodput : null,
            records.Members, [.. records.Events.TakeLast(RunView.EventsShown)], records.Gaps);
    }

    /// <summary>`running`, `finished`, `interrupted`, `failed`, `stopped` or `imported`.</summary>
    public static string StatusOf(RunRecords records)
    {
        if (RunLock.IsHeld(records.Folder)) return "running";
        if (records.Folder.IsImported) return "imported";
        bool told = records.Summary is { Status: not null } && records.Summary.Steps >= (records.Steps.Count > 0 ? records.Steps[^1].Step : 0);
        return told ? records.Summary!.Status! : "stopped";
    }

    /// <summary>How it stands, in words.</summary>
    [System.Text.Json.Serialization.JsonIgnore]
    public string Sentence => this switch
    {
        { Status: "running", Owner: { } owner } => $"running ({owner})",
        { Status: "stopped" } => "stopped without a summary; the same train command goes on from the last checkpoint",
        { Status: "imported" } => $"imported weights, no training run; use them with `looped generate {Folder}` or `looped eval {Folder}`, or train from them with --set model.weights={Folder}",
        { Status: "interrupted" } => "interrupted; the same train command goes on from the last checkpoint",
        { Status: "failed", Error: { } error } => $"failed: {error}",
        _ => Status,
    };

    private static (double? TokensPerSecond, double? SecondsLeft) Speed(IReadOnlyList<StepReport> steps)
    {
        StepReport[] recent = [.. steps.TakeLast(SpeedWindow).Where(s => double.IsFinite(s.Seconds))];
        double seconds = recent.Sum(s => s.Seconds);
        if (seconds <= 0) return (null, null);
        double speed = recent.Sum(s => s.TokensPerSecond * s.Seconds) / seconds;
        return (double.IsFinite(speed) ? speed : null, (recent[^1].Steps - recent[^1].Step) * seconds / recent.Length);
    }
}

/// <summary>A member of the generation of the last step.</summary>
/// <param name="Worker">Its name.</param>
/// <param name="Rank">Its rank.</param>
/// <param name="MicroBatches">Micro-batches of a step that it computed.</param>
internal sealed record MemberState(string Worker, int Rank, int MicroBatches);

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
