using Looped.Actors.Checkpointing;
using Looped.Actors.Supervision;
using Looped.Actors.Telemetry;
using Looped.Actors.Training;
using Looped.Models.Checkpoints;
using Looped.Models.Data;
using Looped.Models.Families;
using Looped.Models.Recipes;

namespace Looped.Actors;

/// <summary>How long the parts of a rank's protocol may take; derived from `cluster.worker_timeout`.</summary>
public sealed record RankTimeouts
{
    /// <summary>How long the members of a plan may take to connect and to agree.</summary>
    public TimeSpan Formation { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a worker whose run is over waits for a supervisor that says so.</summary>
    public TimeSpan LastWord { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How often a worker tells the supervisor how it is.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromMilliseconds(500);
}

/// <summary>What the run folder has when a process begins to record.</summary>
/// <param name="Durable">Step of the newest checkpoint; −1 if there is none.</param>
/// <param name="Evaluated">Steps that have an evaluation.</param>
public sealed record RecordedSoFar(long Durable, IReadOnlySet<long> Evaluated)
{
    /// <summary>A fresh run.</summary>
    public static RecordedSoFar Nothing { get; } = new(-1, new HashSet<long>());
}

/// <summary>
/// What a node has at hand for a run: its recipe, its data, its files. Composed by the host, used by the actors of this process,
/// never sent anywhere.
/// </summary>
public sealed record RunEnvironment
{
    /// <summary>This worker's name.</summary>
    public required string Worker { get; init; }

    /// <summary>Its number among the workers that are there at one time; see <see cref="WorkerSlots"/>.</summary>
    public int Slot { get; init; }

    /// <summary>The resolved recipe.</summary>
    public required Recipe Recipe { get; init; }

    /// <summary>Hash of everything in the recipe that can change the weights.</summary>
    public required string RecipeIdentity { get; init; }

    /// <summary>Content hash of the data set.</summary>
    public required string DataHash { get; init; }

    /// <summary>Training micro-batches.</summary>
    public required IMicroBatchSource Training { get; init; }

    /// <summary>Validation batches.</summary>
    public required IValidationSource Validation { get; init; }

    /// <summary>Builds the model with its initial weights; called on the thread that will use it.</summary>
    public required Func<LanguageModel> CreateModel { get; init; }

    /// <summary>Reads the newest checkpoint that verifies; null if there is none. Warnings go to the action. Called on the training thread of rank 0.</summary>
    public Func<Action<string>, TrainingSnapshot?> LoadNewest { get; init; } = _ => null;

    /// <summary>
    /// This process now writes the run's logs: committed steps, and the latest of them that are known here and may be missing in the logs.
    /// Gives what is there already.
    /// </summary>
    public Func<long, IReadOnlyList<RecordedStep>, RecordedSoFar> BeginRecording { get; init; } = (_, _) => RecordedSoFar.Nothing;

    /// <summary>Another process writes the logs from here on.</summary>
    public Action EndRecording { get; init; } = () => { };

    /// <summary>Whether a micro-batch is computed on trial before this worker asks to take part.</summary>
    public bool Rehearse { get; init; }

    /// <summary>Whether gradients may travel while the backward pass goes on; they do if every member of a generation has it so.</summary>
    public bool Overlap { get; init; } = true;

    /// <summary>Version of the program; all nodes run the same.</summary>
    public string Version { get; init; } = typeof(RunEnvironment).Assembly.GetName().Version!.ToString(3);

    /// <summary>How long the parts of the protocol may take.</summary>
    public RankTimeouts Timeouts { get; init; } = new();

    /// <summary>Records committed steps; called on the training thread of rank 0, flushed before it returns. A full disk is no error here; see <see cref="Remark"/>.</summary>
    public required Action<StepReport, Generation> RecordStep { get; init; }

    /// <summary>What people should know about the run's logs since this was asked last, such as that the disk is full; null if nothing.</summary>
    public Func<string?> Remark { get; init; } = () => null;

    /// <summary>Records finished evaluations.</summary>
    public required Action<EvaluationReport> RecordEvaluation { get; init; }

    /// <summary>
    /// Writes a checkpoint for a generation of this number and applies retention, if no term is higher than the highest that this worker has
    /// heard of; called beside training. Gives its folder, its size in bytes, and where a damaged one of the same step was moved to.
    /// </summary>
    public required Func<TrainingSnapshot, long, long, (string Path, long Bytes, string? MovedAside)> SaveCheckpoint { get; init; }

    /// <summary>What is measured, and seen by whoever listens.</summary>
    public Instruments Instruments { get; init; } = new();

    /// <summary>The clock of the worker's time account.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>The clock's timestamp when the worker's life began.</summary>
    public long Started { get; init; } = TimeProvider.System.GetTimestamp();

    /// <summary>Snapshots between the training thread and their readers.</summary>
    public SnapshotStore Snapshots { get; } = new();
}
