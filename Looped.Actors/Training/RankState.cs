using Looped.Actors.Supervision;

namespace Looped.Actors.Training;

/// <summary>A rank's side of the protocol: what it is in, what it was told, what it holds. Immutable; <see cref="RankLogic"/> changes it.</summary>
public sealed record RankState
{
    /// <summary>The worker, unique for each incarnation.</summary>
    public required string Worker { get; init; }

    /// <summary>HOST:PORT of its data-plane listener; empty if it has none.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>What it is doing.</summary>
    public RankActivity Activity { get; init; } = RankActivity.Preparing;

    /// <summary>The last generation that came up with it.</summary>
    public GenerationPlan? InForce { get; init; }

    /// <summary>The newest plan it was given and has not followed yet.</summary>
    public GenerationPlan? Candidate { get; init; }

    /// <summary>The highest term it has heard of; plans of lower ones are refused.</summary>
    public long Term { get; init; }

    /// <summary>The newest plan that did not come up.</summary>
    public GenerationId? Failed { get; init; }

    /// <summary>Who kept it from coming up.</summary>
    public IReadOnlyList<string> Culprits { get; init; } = [];

    /// <summary>Members that broke the generation in force.</summary>
    public IReadOnlyList<string> Lost { get; init; } = [];

    /// <summary>Whether the replica has the state of the run.</summary>
    public bool HasState { get; init; }

    /// <summary>Steps committed.</summary>
    public long Step { get; init; }

    /// <summary>Hash of the state while at rest; else null.</summary>
    public string? StateHash { get; init; }

    /// <summary>Micro-batches of the step in progress whose sums the replica holds.</summary>
    public IReadOnlyList<int> Held { get; init; } = [];

    /// <summary>Whether it has notice.</summary>
    public bool Leaving { get; init; }

    /// <summary>What the notice was, such as <c>SIGTERM</c>.</summary>
    public string? Notice { get; init; }

    /// <summary>Whether it gives the step in progress up to leave at once.</summary>
    public bool Hurry { get; init; }

    /// <summary>Why the run is to stop; null while it is not.</summary>
    public string? StopReason { get; init; }

    /// <summary>How it ended; null while it did not.</summary>
    public RunOutcome? Outcome { get; init; }

    /// <summary>What went wrong, if it failed.</summary>
    public string? Error { get; init; }

    /// <summary>Whether it has been told that the run is over, or nobody wants it any more.</summary>
    public bool Released { get; init; }

    /// <summary>Seconds per micro-batch lately; 0 if not known.</summary>
    public double SecondsPerMicroBatch { get; init; }

    /// <summary>What the supervisor is told.</summary>
    public WorkerStatus ToStatus(long sequence) => new()
    {
        Worker = Worker,
        Sequence = sequence,
        Endpoint = Endpoint,
        Activity = Activity,
        InForce = InForce?.Id,
        Seen = Candidate?.Id > InForce?.Id || InForce is null ? Candidate?.Id : InForce.Id,
        Failed = Failed,
        Culprits = Culprits,
        Lost = Lost,
        HasState = HasState,
        Step = Step,
        StateHash = StateHash,
        Held = Held,
        Leaving = Leaving,
        Notice = Notice,
        Outcome = Outcome,
        Error = Error,
        SecondsPerMicroBatch = SecondsPerMicroBatch,
    };
}

/// <summary>What a rank does after a committed step.</summary>
public enum AfterStep
{
    /// <summary>The next step.</summary>
    Continue,

    /// <summary>Hand over to the next generation.</summary>
    Regroup,

    /// <summary>The run stops here on request, with a checkpoint.</summary>
    Stop,

    /// <summary>Every rank leaves: the lowest writes a checkpoint first.</summary>
    AllLeave,

    /// <summary>This was the last step.</summary>
    Finish,
}

/// <summary>A rank's report in the first exchange of a generation.</summary>
/// <param name="HasState">Whether it has the state of the run in memory.</param>
/// <param name="Step">Steps that state has committed.</param>
/// <param name="StateHash">Its hash, 64 hexadecimal digits; anything if there is none.</param>
/// <param name="RecipeIdentity">Identity of its recipe, 64 hexadecimal digits.</param>
/// <param name="Checkpoint">Step of the newest checkpoint this rank could restore, if the plan says to look; else −1.</param>
public sealed record RankReport(bool HasState, long Step, string StateHash, string RecipeIdentity, long Checkpoint);

/// <summary>Where a generation begins, the same on every rank.</summary>
/// <param name="Restore">Whether rank 0 restores the newest checkpoint, or the initial weights, before it gives its state to the others.</param>
/// <param name="Donor">The rank that gives its state to those behind.</param>
/// <param name="Behind">For each rank, whether it must copy the donor's state.</param>
/// <param name="Alarm">Equal step, unequal hash: nobody's memory is believed.</param>
public sealed record Agreement(bool Restore, int Donor, IReadOnlyList<bool> Behind, bool Alarm);
