using Looped.Actors.Supervision;
using Looped.Host.CommandLine;

namespace Looped.Host.Inspection;

/// <summary>What a person sees of a run at a glance, whether it comes from its cluster or from its folder.</summary>
/// <param name="Title">The run's name.</param>
/// <param name="State">Such as `running` or `generation 1.4`.</param>
/// <param name="Over">Whether nothing more will happen.</param>
/// <param name="Step">Committed steps.</param>
/// <param name="Steps">Steps of the whole run; null if not known.</param>
/// <param name="Numbers">Loss, speed, time left and the like, with their names.</param>
/// <param name="Losses">The latest losses.</param>
/// <param name="Speeds">The latest tokens per second.</param>
/// <param name="Workers">Who takes part, by rank; those without a rank last.</param>
/// <param name="Events">The latest events, the newest last.</param>
/// <param name="Gaps">What is missing, a sentence each.</param>
internal sealed record RunView(string Title, string State, bool Over, long Step, long? Steps, IReadOnlyList<(string Name, string Value)> Numbers,
    IReadOnlyList<double> Losses, IReadOnlyList<double> Speeds, IReadOnlyList<WorkerRow> Workers, IReadOnlyList<RunEvent> Events, IReadOnlyList<string> Gaps)
{
    /// <summary>How many of the latest steps a curve shows.</summary>
    public const int CurveSteps = 300;

    /// <summary>How many of the latest events are shown.</summary>
    public const int EventsShown = 8;

    private const double LongSilence = 3;

    /// <summary>From a run folder.</summary>
    public static RunView Of(RunState state, RunRecords records) => new(state.Name, state.Sentence, state.Status is "finished" or "failed" or "interrupted" or "imported", state.Step, state.TotalSteps,
        [
            .. Number("loss", state.Loss is { } loss ? $"{loss:0.0000}" : null),
            .. Number("validation", state.Validation is { } v ? $"perplexity {v.Perplexity:0.00} at step {v.Step:N0}" : null),
            .. Number("speed", state.TokensPerSecond is { } speed ? $"{speed:N0} tokens/s" : null),
            .. Number("left", state.SecondsLeft is { } left ? Quantity.Duration(TimeSpan.FromSeconds(left)) : null),
            .. Number("generation", state.Generation?.ToString()),
            .. Number("world size", state.WorldSize?.ToString()),
            .. Number("checkpoint", state.Checkpoint is { } checkpoint ? $"step {checkpoint.Step:N0}{(checkpoint.Verified ? "" : ", damaged")}" : "none yet"),
        ],
        [.. records.Steps.TakeLast(CurveSteps).Select(s => s.Loss)], [.. records.Steps.TakeLast(CurveSteps).Select(s => s.TokensPerSecond)],
        [.. state.Workers.Select(w => new WorkerRow(w.Worker, w.Rank, null, w.MicroBatches, null, null, null))],
        [.. records.Events.TakeLast(EventsShown)], state.Gaps);

    /// <summary>From a cluster.</summary>
    /// <param name="picture">What its supervisor says.</param>
    /// <param name="seen">The latest steps, as far as they were seen from here.</param>
    public static RunView Of(ClusterPicture picture, IReadOnlyList<(double Loss, double TokensPerSecond)> seen) => new(picture.Run, ClusterLines.State(picture), picture.Ended is not null,
        picture.Step, picture.Steps,
        [
            .. Number("loss", picture.Loss is { } loss ? $"{loss:0.0000}" : null),
            .. Number("speed", picture.Loss is not null ? $"{picture.TokensPerSecond:N0} tokens/s" : null),
            .. Number("world size", picture.Generation is null ? null : $"{picture.Workers.Count(w => w.Rank >= 0)}"),
            .. Number("checkpoint", picture.LastCheckpoint < 0 ? "none since this supervisor began" : $"step {picture.LastCheckpoint:N0}"),
            .. Number("term", $"{picture.Term}"),
        ],
        [.. seen.Select(s => s.Loss)], [.. seen.Select(s => s.TokensPerSecond)],
        [.. ClusterLines.InOrder(picture).Select(w => new WorkerRow(w.Worker, w.Rank, w.Device, w.MicroBatches, Stragglers.StepSeconds(w),
            Activity(w), Stragglers.Score(w, picture.Workers)))],
        [.. picture.Events.TakeLast(EventsShown)], []);

    /// <summary>What a worker said last, unless that is a while ago.</summary>
    private static string Activity(WorkerPicture worker) => worker.SilentSeconds > LongSilence ? $"silent for {EventText.Seconds(worker.SilentSeconds)}"
        : $"{worker.Activity.ToString().ToLowerInvariant()}{(worker.Leaving ? ", leaving" : "")}";

    private static (string, string)[] Number(string name, string? value) => value is null ? [] : [(name, value)];
}

/// <summary>A worker at a glance; what is not known is null.</summary>
internal sealed record WorkerRow(string Name, int Rank, string? Device, int MicroBatches, double? StepSeconds, string? State, double? Score);
