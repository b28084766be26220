using Looped.Actors.Supervision;
using Looped.Host.CommandLine;

namespace Looped.Host.Inspection;

/// <summary>What happened to a run, as a sentence.</summary>
internal static class EventText
{
    public static string Of(RunEvent happened) => happened.Event switch
    {
        RunEventKind.Started => $"a supervisor took the run up{(happened.Term is { } term ? $" (term {term})" : "")}",
        RunEventKind.Joined => $"{happened.Worker} joined at step {happened.Step:N0}",
        RunEventKind.Left => $"{happened.Worker} left at step {happened.Step:N0}{Because(happened)}",
        RunEventKind.Lost => $"{happened.Worker} was lost at step {happened.Step:N0}{Because(happened)}",
        RunEventKind.Generation => $"generation {happened.Generation} runs with {Workers(happened.WorldSize)} from step {happened.Step:N0} on{Because(happened)}",
        RunEventKind.Recovered => $"recovered from the loss of {happened.Worker}{(happened.Seconds is { } s ? $" in {Seconds(s)}" : "")}: step {happened.Step:N0} by {Workers(happened.WorldSize)}",
        RunEventKind.Restored => $"training goes on from the checkpoint of step {happened.Step:N0}{(happened.LostSteps is { } lost ? $"; {lost:N0} steps are computed again" : "")}",
        RunEventKind.Checkpoint => $"checkpoint of step {happened.Step:N0}{Size(happened)}",
        RunEventKind.CheckpointFailed => $"the checkpoint of step {happened.Step:N0} could not be written{Because(happened)}",
        RunEventKind.Refused => $"{happened.Worker} was turned away{Because(happened)}",
        RunEventKind.StopAsked => $"asked to stop at step {happened.Step:N0}{Because(happened)}",
        RunEventKind.Finished => $"finished after {happened.Step:N0} steps",
        RunEventKind.Interrupted => $"stopped at step {happened.Step:N0}{Because(happened)}",
        _ => $"failed at step {happened.Step:N0}{Because(happened)}",
    };

    /// <summary>Milliseconds below a second.</summary>
    public static string Seconds(double seconds) => seconds < 1 ? FormattableString.Invariant($"{1000 * seconds:0} ms")
        : seconds < 90 ? FormattableString.Invariant($"{seconds:0.0} s") : Quantity.Duration(TimeSpan.FromSeconds(seconds));

    private static string Because(RunEvent happened) => happened.Reason is { } reason ? $" ({reason})" : "";

    private static string Workers(int? count) => count == 1 ? "1 worker" : $"{count} workers";

    private static string Size(RunEvent checkpoint) => (checkpoint.Bytes is { } bytes ? $": {Quantity.Bytes(bytes)}" : "")
        + (checkpoint.Seconds is { } seconds ? $", written in {Seconds(seconds)}" : "")
        + (checkpoint.StallSeconds is { } stall ? $"; training stood still for {Seconds(stall)}" : "");
}
