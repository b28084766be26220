using System.Collections.Immutable;

namespace Looped.Actors.Supervision;

/// <summary>What a supervisor decides by; times are derived from `cluster.worker_timeout`.</summary>
public sealed record SupervisorSettings
{
    /// <summary>M, the most members a generation can have.</summary>
    public required int MicroBatches { get; init; }

    /// <summary>How many workers the first generation waits for, within <see cref="GatherWindow"/>.</summary>
    public int ExpectedWorkers { get; init; } = 1;

    /// <summary>How long the first generation waits for more workers.</summary>
    public TimeSpan GatherWindow { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long members of a broken generation have to answer, unless their peers say that they are lost.</summary>
    public TimeSpan AnswerWindow { get; init; } = TimeSpan.FromMilliseconds(300);

    /// <summary>How long a new supervisor waits for the members of a generation that it did not plan itself.</summary>
    public TimeSpan Reattach { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A worker that was silent for so long is not planned.</summary>
    public TimeSpan LostAfter { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>When every worker was lost: how long until a checkpoint is restored instead.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an unplanned generation may take to come up.</summary>
    public TimeSpan Formation { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a worker that kept a generation from coming up is left out; doubled each time.</summary>
    public TimeSpan CoolDown { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest of these pauses.</summary>
    public TimeSpan LongestCoolDown { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>With so many workers, what many of them say alike is looked at by ticks.</summary>
    public int Crowd { get; init; } = 64;

    /// <summary>The least time between two generations that differ only in who computes what.</summary>
    public TimeSpan RebalanceEvery { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Micro-batches are moved only if the predicted step becomes shorter by this share.</summary>
    public double RebalanceGain { get; init; } = 0.15;
}

/// <summary>A worker as the supervisor sees it.</summary>
/// <param name="Status">The last status.</param>
/// <param name="Heard">When it came.</param>
/// <param name="Failures">How often it kept a generation from coming up.</param>
/// <param name="EligibleAt">Not to be planned before.</param>
public sealed record WorkerView(WorkerStatus Status, TimeSpan Heard, int Failures, TimeSpan EligibleAt);

/// <summary>All that the supervisor knows. Times count from its start.</summary>
public sealed record SupervisorState
{
    /// <summary>What it decides by.</summary>
    public required SupervisorSettings Settings { get; init; }

    /// <summary>Its term.</summary>
    public required long Term { get; init; }

    /// <summary>The highest generation number so far.</summary>
    public long LastNumber { get; init; }

    /// <summary>The highest generation number that was known when the term began.</summary>
    public long Inherited { get; init; }

    /// <summary>Plans that may still be in force, of earlier terms too.</summary>
    public ImmutableDictionary<GenerationId, GenerationPlan> Known { get; init; } = ImmutableDictionary<GenerationId, GenerationPlan>.Empty;

    /// <summary>Accepted workers.</summary>
    public ImmutableSortedDictionary<string, WorkerView> Workers { get; init; } =
        ImmutableSortedDictionary.Create<string, WorkerView>(StringComparer.Ordinal);

    /// <summary>The generation that computes, as far as is known.</summary>
    public GenerationPlan? Current { get; init; }

    /// <summary>The generation that is to follow.</summary>
    public GenerationPlan? Next { get; init; }

    /// <summary>When the newest plan was made.</summary>
    public TimeSpan PlannedAt { get; init; }

    /// <summary>When <see cref="Current"/> was seen to be broken.</summary>
    public TimeSpan? BrokenSince { get; init; }

    /// <summary>Since when there is nobody to take over from; null while there is, and at the start of a fresh run.</summary>
    public TimeSpan? OrphanedSince { get; init; }

    /// <summary>When the first worker that waits for the first generation was heard.</summary>
    public TimeSpan? GatheringSince { get; init; }

    /// <summary>Why the run is to stop; null while it is not.</summary>
    public string? StopReason { get; init; }

    /// <summary>How the run ended.</summary>
    public RunEnded? Ended { get; init; }

    /// <summary>The state at the start of a term.</summary>
    /// <param name="settings">What to decide by.</param>
    /// <param name="term">The term.</param>
    /// <param name="known">Plans of earlier terms, from the run folder.</param>
    public static SupervisorState Create(SupervisorSettings settings, long term, IEnumerable<GenerationPlan> known)
    {
        var plans = known.ToImmutableDictionary(p => p.Id);
        long highest = plans.Count == 0 ? 0 : plans.Keys.Max(id => id.Number);
        return new SupervisorState
        {
            Settings = settings,
            Term = term,
            Known = plans,
            Inherited = highest,
            LastNumber = highest,
            OrphanedSince = plans.Count == 0 ? null : TimeSpan.Zero,
        };
    }
}

/// <summary>What happened, as the supervisor sees it.</summary>
public abstract record SupervisorEvent(TimeSpan Now);

/// <summary>A worker, already accepted, said how it is.</summary>
public sealed record StatusHeard(WorkerStatus Status, TimeSpan Now) : SupervisorEvent(Now);

/// <summary>A worker showed the plan of the generation that it is in.</summary>
public sealed record PlanHeard(GenerationPlan Plan, TimeSpan Now) : SupervisorEvent(Now);

/// <summary>Time passed.</summary>
public sealed record Ticked(TimeSpan Now) : SupervisorEvent(Now);

/// <summary>Someone asked for the run to stop, with a checkpoint.</summary>
public sealed record StopAsked(string Reason, TimeSpan Now) : SupervisorEvent(Now);

/// <summary>What the supervisor wants done.</summary>
public abstract record SupervisorCommand;

/// <summary>Keep a plan in the run folder and send it to its members and to those of the generation before.</summary>
public sealed record PublishPlan(GenerationPlan Plan) : SupervisorCommand;

/// <summary>Send a plan to a worker that does not hold it yet.</summary>
public sealed record RepeatPlan(string Worker, GenerationPlan Plan) : SupervisorCommand;

/// <summary>Ask a worker for the plan of the generation that it is in.</summary>
public sealed record AskForPlan(string Worker) : SupervisorCommand;

/// <summary>Ask a worker to stop after the step in progress, with a checkpoint.</summary>
public sealed record AskToStop(string Worker, string Reason) : SupervisorCommand;

/// <summary>Tell a worker that the run is over.</summary>
public sealed record TellOver(string Worker, RunEnded Ended) : SupervisorCommand;

/// <summary>The run is over.</summary>
public sealed record EndRun(RunEnded Ended) : SupervisorCommand;

/// <summary>A line for people.</summary>
public sealed record Remark(string Text) : SupervisorCommand;
