using Looped.Actors.Checkpointing;
using Looped.Actors.Supervision;
using Looped.Actors.Training;
using Looped.Models.Checkpoints;
using Looped.Models.Data;
using Looped.Models.Families;
using Looped.Models.Recipes;

namespace Looped.Actors;

/// <summary>
/// What a node has at hand for a run: its recipe, its data, its files. Composed by the host, used by the actors of this process,
/// never sent anywhere.
/// </summary>
public sealed record RunEnvironment
{
    /// <summary>This worker's name.</summary>
    public required string Worker { get; init; }

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

    /// <summary>The state to start from, or null for the initial weights.</summary>
    public TrainingSnapshot? Restored { get; init; }

    /// <summary>Steps that already have an evaluation in the run folder.</summary>
    public IReadOnlySet<long> EvaluatedSteps { get; init; } = new HashSet<long>();

    /// <summary>Records committed steps; called on the training thread of rank 0, flushed before it returns.</summary>
    public required Action<StepReport, Generation> RecordStep { get; init; }

    /// <summary>Records finished evaluations.</summary>
    public required Action<EvaluationReport> RecordEvaluation { get; init; }

    /// <summary>Writes a checkpoint and applies retention; called beside training. Gives its folder, its size in bytes, and where a damaged one of the same step was moved to.</summary>
    public required Func<TrainingSnapshot, long, (string Path, long Bytes, string? MovedAside)> SaveCheckpoint { get; init; }

    /// <summary>Snapshots between the training thread and their readers.</summary>
    public SnapshotStore Snapshots { get; } = new();
}
