using System.Collections.Concurrent;
using Looped.Actors.Training;
using Looped.Models.Checkpoints;
using Looped.Models.Data;
using Looped.Models.Optimization;
using Looped.Models.Randomness;
using Looped.Models.Recipes;
using Looped.Tests;

namespace Looped.Actors.Tests;

/// <summary>A tiny run held in memory: a toy model on random tokens.</summary>
internal sealed class ToyRun : IMicroBatchSource, IValidationSource
{
    public const int Vocabulary = 17;

    public Recipe Recipe { get; init; } = new()
    {
        Name = "toy",
        Model = new ToyConfig { Family = "toy", SequenceLength = 6 },
        Batch = new BatchRecipe { GlobalSequences = 8, MicroSequences = 2 },
        Training = new TrainingRecipe { Steps = 12, Threads = 1 },
        Checkpoint = new CheckpointRecipe { Every = 5 },
        Evaluation = new EvaluationRecipe { Every = 4, Batches = 2 },
    };

    public List<StepReport> Steps { get; } = [];
    public List<EvaluationReport> Evaluations { get; } = [];
    public ConcurrentDictionary<long, TrainingSnapshot> Checkpoints { get; } = new();
    public ConcurrentBag<(long Step, int MicroBatch)> Loaded { get; } = [];

    /// <summary>Throws instead of loading, from this step on.</summary>
    public long BrokenFrom { get; init; } = long.MaxValue;

    /// <summary>Called before a checkpoint is saved.</summary>
    public Action<long> BeforeSave { get; init; } = _ => { };

    public long SequenceCount => 64;

    /// <summary>Whether a step waits until what was due before it was taken: its snapshot would give way to the next one if those who want it were slow.</summary>
    public bool Patient { get; init; }

    private readonly ConcurrentDictionary<(string, long), bool> _done = new();

    public string Describe() => "toy tokens";

    public MicroBatch Load(long step, int microBatch)
    {
        if (step >= BrokenFrom) throw new Models.LoopedException("the disk is gone");
        if (Patient && !SpinWait.SpinUntil(() => IsSettled(step), TimeSpan.FromSeconds(20))) throw new Models.LoopedException($"What was due at step {step} did not come.");
        Loaded.Add((step, microBatch));
        return Draw("train", step, microBatch);
    }

    public IEnumerable<MicroBatch> Batches(int batchSequences, int? maxBatches = null) =>
        Enumerable.Range(0, maxBatches ?? 4).Select(i => Draw("validation", 0, i));

    /// <summary>Whether everything due at a step was begun to be written and is evaluated.</summary>
    private bool IsSettled(long step) =>
        (step == 0 || step % Recipe.Checkpoint.Every != 0 || _done.ContainsKey(("save", step))) && (step % Recipe.Evaluation.Every != 0 || _done.ContainsKey(("evaluation", step)));

    private static MicroBatch Draw(string purpose, long step, int index)
    {
        RandomStream stream = RandomStream.Create(5, purpose).For("step", step).For("micro", index);
        int[] tokens = [.. Enumerable.Range(0, 12).Select(i => (int)(stream.Bits((ulong)i) % Vocabulary))];
        return new MicroBatch(step, index, 2, 6, tokens, [.. tokens.Skip(1), 0]);
    }

    public RunEnvironment Environment(TrainingSnapshot? restored = null) => new()
    {
        Worker = "worker-0",
        Recipe = Recipe,
        RecipeIdentity = "recipe",
        DataHash = "data",
        Training = this,
        Validation = this,
        CreateModel = () => new ToyModel((ToyConfig)Recipe.Model, Vocabulary, RandomStream.Create(Recipe.Seed, "initialization")),
        LoadNewest = _ => restored,
        BeginRecording = (_, _) => new RecordedSoFar(restored?.Step ?? -1, Evaluations.Select(e => e.Step).ToHashSet()),
        RecordStep = (report, _) => Steps.Add(report),
        RecordEvaluation = report =>
        {
            Evaluations.Add(report);
            _done[("evaluation", report.Step)] = true;
        },
        SaveCheckpoint = (snapshot, _, _) =>
        {
            _done[("save", snapshot.Step)] = true;
            BeforeSave(snapshot.Step);
            Checkpoints[snapshot.Step] = snapshot;
            return ($"step-{snapshot.Step:D6}", 1, null);
        },
    };

    /// <summary>The weights' hash after training without any actor.</summary>
    public string HashWithoutActors(int? steps = null)
    {
        using var replica = new Replica(Recipe, Environment().CreateModel());
        for (int step = 0; step < (steps ?? Recipe.Training.Steps); step++)
        {
            for (int m = 0; m < Recipe.Batch.MicroBatches(); m++) replica.Compute(Draw("train", step, m));
            replica.Commit(replica.Sums, replica.Control);
        }
        return replica.WeightsHash();
    }
}
