using Looped.Actors.Telemetry;

namespace Looped.Actors.Supervision;

/// <summary>What a worker is doing.</summary>
public enum RankActivity
{
    /// <summary>Builds its replica and tries one micro-batch; not to be planned yet.</summary>
    Preparing,

    /// <summary>At rest without a communicator: a newcomer, a spare, or a survivor whose generation broke.</summary>
    Idle,

    /// <summary>Connects to the members of a plan.</summary>
    Forming,

    /// <summary>Its generation is up and steps are computed.</summary>
    Running,

    /// <summary>Its communicator is broken; the running micro-batch is finished first.</summary>
    Breaking,

    /// <summary>Through with the run as far as it is concerned: finished, stopped, or drained after notice.</summary>
    Ended,
}

/// <summary>
/// All that a supervisor needs to know of a worker. It is sent whole at every change and at every heartbeat, so a lost or
/// repeated message does no harm: the last one counts.
/// </summary>
public sealed record WorkerStatus
{
    /// <summary>The worker: unique for each incarnation.</summary>
    public required string Worker { get; init; }

    /// <summary>Grows with every status of this worker.</summary>
    public long Sequence { get; init; }

    /// <summary>HOST:PORT of its data-plane listener; empty if it has none.</summary>
    public string Endpoint { get; init; } = "";

    /// <summary>What it is doing.</summary>
    public RankActivity Activity { get; init; }

    /// <summary>The last generation that came up with it.</summary>
    public GenerationId? InForce { get; init; }

    /// <summary>The newest plan it holds.</summary>
    public GenerationId? Seen { get; init; }

    /// <summary>The newest plan that did not come up.</summary>
    public GenerationId? Failed { get; init; }

    /// <summary>Who kept the failed plan from coming up, as far as it knows.</summary>
    public IReadOnlyList<string> Culprits { get; init; } = [];

    /// <summary>Members whose closed connection or silence broke its generation, as far as it knows.</summary>
    public IReadOnlyList<string> Lost { get; init; } = [];

    /// <summary>Whether it has the state of a run in memory.</summary>
    public bool HasState { get; init; }

    /// <summary>Steps that state has committed.</summary>
    public long Step { get; init; }

    /// <summary>Hash of that state when the worker is at rest; else null.</summary>
    public string? StateHash { get; init; }

    /// <summary>Micro-batches of the step in progress whose sums it holds.</summary>
    public IReadOnlyList<int> Held { get; init; } = [];

    /// <summary>Whether it has notice and wants to leave.</summary>
    public bool Leaving { get; init; }

    /// <summary>What the notice was, such as <c>SIGTERM</c>; null if it has none or that is not known.</summary>
    public string? Notice { get; init; }

    /// <summary>How it ended, if it did.</summary>
    public RunOutcome? Outcome { get; init; }

    /// <summary>What went wrong, if it failed.</summary>
    public string? Error { get; init; }

    /// <summary>Seconds per micro-batch lately; 0 if not known.</summary>
    public double SecondsPerMicroBatch { get; init; }

    /// <summary>What its seconds were spent on so far; null if it does not say.</summary>
    public TimeTotals? Time { get; init; }
}
