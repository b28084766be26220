namespace Looped.Actors.Supervision;

/// <summary>What can happen to a run.</summary>
public enum RunEventKind
{
    /// <summary>A supervisor took the run up, under a new term.</summary>
    Started,

    /// <summary>A worker takes part from this generation on.</summary>
    Joined,

    /// <summary>A worker left after notice.</summary>
    Left,

    /// <summary>A worker was lost: killed, silent, or failed.</summary>
    Lost,

    /// <summary>A generation came up.</summary>
    Generation,

    /// <summary>The first step after a loss was committed.</summary>
    Recovered,

    /// <summary>Training goes on from a checkpoint.</summary>
    Restored,

    /// <summary>A checkpoint is durable.</summary>
    Checkpoint,

    /// <summary>A checkpoint could not be written.</summary>
    CheckpointFailed,

    /// <summary>A worker was turned away.</summary>
    Refused,

    /// <summary>Someone asked for the run to stop.</summary>
    StopAsked,

    /// <summary>All steps are done.</summary>
    Finished,

    /// <summary>The run stopped before its last step.</summary>
    Interrupted,

    /// <summary>An error ended the run.</summary>
    Failed,
}

/// <summary>A line of `events.jsonl`: something that happened to a run besides its steps. What is not known or does not apply is null.</summary>
/// <param name="Event">What.</param>
/// <param name="Step">Steps committed then, as far as is known; of a checkpoint its own.</param>
public sealed record RunEvent(RunEventKind Event, long Step)
{
    /// <summary>When, UTC.</summary>
    public DateTime Time { get; init; }

    /// <summary>The supervisor's term.</summary>
    public long? Term { get; init; }

    /// <summary>The generation's number.</summary>
    public long? Generation { get; init; }

    /// <summary>Members of the generation.</summary>
    public int? WorldSize { get; init; }

    /// <summary>The worker; several after a loss that took several, separated by commas.</summary>
    public string? Worker { get; init; }

    /// <summary>Why, for people.</summary>
    public string? Reason { get; init; }

    /// <summary>Of a recovery, how long no step was committed; of a checkpoint, how long its writing took beside training.</summary>
    public double? Seconds { get; init; }

    /// <summary>How long training stood still for a checkpoint.</summary>
    public double? StallSeconds { get; init; }

    /// <summary>Size of a checkpoint.</summary>
    public long? Bytes { get; init; }

    /// <summary>Committed steps that have to be computed again.</summary>
    public long? LostSteps { get; init; }
}
