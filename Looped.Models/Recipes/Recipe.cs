using System.ComponentModel.DataAnnotations;
using Looped.Models.Families;

namespace Looped.Models.Recipes;

/// <summary>
/// A whole training run as one immutable value. Keys in a file are the property names in snake case.
/// Sections that belong to the cluster (`cluster`, `telemetry`) are added by a derived record above this library.
/// </summary>
public record Recipe
{
    /// <summary>The run's name; the default run folder is `runs/NAME`.</summary>
    [Required, ObservesOnly]
    public string Name { get; init; } = "";

    /// <summary>The seed of everything random: initial weights, order of the data, dropout.</summary>
    public long Seed { get; init; } = 1337;

    /// <summary>What is trained.</summary>
    [Required]
    public required ModelConfig Model { get; init; }

    /// <summary>What it is trained on.</summary>
    public DataRecipe Data { get; init; } = new();

    /// <summary>How a step is cut into micro-batches.</summary>
    public BatchRecipe Batch { get; init; } = new();

    /// <summary>How gradients become updates.</summary>
    public OptimizerRecipe Optimizer { get; init; } = new();

    /// <summary>The learning rate over time.</summary>
    public ScheduleRecipe Schedule { get; init; } = new();

    /// <summary>How long and in what arithmetic.</summary>
    public TrainingRecipe Training { get; init; } = new();

    /// <summary>When checkpoints are written and which are kept.</summary>
    [ObservesOnly]
    public CheckpointRecipe Checkpoint { get; init; } = new();

    /// <summary>When and how the validation loss is measured.</summary>
    [ObservesOnly]
    public EvaluationRecipe Evaluation { get; init; } = new();
}

/// <summary>The `data` section.</summary>
public sealed record DataRecipe
{
    /// <summary>A shipped corpus (`classics`), the generated task `addition`, a folder made by `looped prepare` (text, sums or conversations), one with the `train.bin` and `val.bin` of CoTFormer's own code (then `tokenizer` has to say what made them), or text files to prepare (a file or a folder).</summary>
    [Required]
    public string Source { get; init; } = "classics";

    /// <summary>`bytes`, `characters`, or the path of a Hugging Face `tokenizer.json`. A prepared folder already has one; then it must be the same or empty. A task has its own; then it is empty.</summary>
    public string Tokenizer { get; init; } = "";

    /// <summary>The seed of the order of sequences; empty takes the recipe's `seed`.</summary>
    public long? Seed { get; init; }

    /// <summary>`addition`: digits of both numbers.</summary>
    [Range(1, Data.Tasks.AdditionRequest.MostDigits)]
    public int Digits { get; init; } = 4;

    /// <summary>`addition`: how many sums to train on.</summary>
    [Range(1, 100_000_000)]
    public int TrainRows { get; init; } = 95_000;

    /// <summary>`addition`: how many sums to test on, none of which is among those to train on.</summary>
    [Range(1, 100_000_000)]
    public int TestRows { get; init; } = 5_000;

    /// <summary>`addition`: which sums are drawn.</summary>
    public long TaskSeed { get; init; }
}

/// <summary>The `batch` section.</summary>
public sealed record BatchRecipe
{
    /// <summary>G, the sequences of one optimizer step, over all workers.</summary>
    [Range(1, int.MaxValue)]
    public int GlobalSequences { get; init; } = 16;

    /// <summary>Sequences of one micro-batch; G must be a multiple of it, and G divided by it at most 4096.</summary>
    [Range(1, int.MaxValue)]
    public int MicroSequences { get; init; } = 4;

    /// <summary>`token`: every scored token counts the same. `micro_batch`: the plain mean over micro-batches, as gradient accumulation in the original code.</summary>
    public Weighting Weighting { get; init; } = Weighting.Token;

    /// <summary>M, the micro-batches of a step.</summary>
    public int MicroBatches() => GlobalSequences / MicroSequences;
}

/// <summary>How micro-batches are averaged.</summary>
public enum Weighting
{
    /// <summary>Contribution (n/N)·∇ℓ, the sum divided by Σ n/N.</summary>
    Token,

    /// <summary>The mean of ∇ℓ over the M micro-batches.</summary>
    MicroBatch,
}

/// <summary>The `optimizer` section.</summary>
public sealed record OptimizerRecipe
{
    /// <summary>`adamw`, `sgd` (with momentum) or `adafactor`.</summary>
    public OptimizerName Name { get; init; } = OptimizerName.Adamw;

    /// <summary>The peak learning rate; `adafactor` reads it only with `relative_step: false`.</summary>
    [Range(0.0, 1e3)]
    public double LearningRate { get; init; } = 1e-3;

    /// <summary>`adamw`: decay rates of the first and second moment, each in [0, 1).</summary>
    public IReadOnlyList<double> Betas { get; init; } = [0.9, 0.95];

    /// <summary>`adamw`: added to the root of the second moment.</summary>
    [Range(0.0, 1.0)]
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>`sgd`: the share of the last update that goes on.</summary>
    [Range(0.0, 0.999999)]
    public double Momentum { get; init; } = 0.9;

    /// <summary>`adafactor`: steps of min(0.01, 1/√step) times the size of a tensor, whatever rate and schedule say, as in the original; `false` takes the schedule's rate for the first factor.</summary>
    public bool RelativeStep { get; init; } = true;

    /// <summary>Weight decay (decoupled, but with `sgd` a part of the gradient); applies to the matrices of linear layers, not to biases, norms and embeddings.</summary>
    [Range(0.0, 1e3)]
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Largest global gradient norm; longer gradients are scaled down to it. 0 does not clip.</summary>
    [Range(0.0, double.MaxValue)]
    public double ClipNorm { get; init; } = 1.0;
}

/// <summary>Optimizers.</summary>
public enum OptimizerName
{
    /// <summary>AdamW (Loshchilov and Hutter, 2019).</summary>
    Adamw,

    /// <summary>Stochastic gradient descent with momentum.</summary>
    Sgd,

    /// <summary>Adafactor (Shazeer and Stern, 2018).</summary>
    Adafactor,
}

/// <summary>The `schedule` section. A schedule is a pure function of the step and the total number of steps.</summary>
public sealed record ScheduleRecipe
{
    /// <summary>`one_cycle_cosine` (both phases are cosines, as the original's `cos`), `one_cycle_linear`, `cosine` (linear warm-up, cosine to `final_fraction`), `half_cosine` (linear from 0, so that the first update has the rate 0, then a cosine towards 0), `warmup_stable_decay` (linear from `final_fraction` of the peak, the peak, then a cosine back down to it), `constant` or `none` (the same).</summary>
    public ScheduleName Name { get; init; } = ScheduleName.OneCycleCosine;

    /// <summary>Share of the steps spent warming up.</summary>
    [Range(0.0, 1.0)]
    public double WarmupFraction { get; init; } = 0.2;

    /// <summary>One-cycle only: the first rate is the peak divided by this.</summary>
    [Range(1.0, 1e9)]
    public double DivFactor { get; init; } = 100;

    /// <summary>One-cycle only: the last rate is the first divided by this (0.05 with a `div_factor` of 100 ends at 0.2 of the peak).</summary>
    [Range(1e-9, 1e9)]
    public double FinalDivFactor { get; init; } = 0.05;

    /// <summary>`warmup_stable_decay` only: share of the steps, at the end, in which the rate falls.</summary>
    [Range(0.0, 1.0)]
    public double DecayFraction { get; init; } = 0.1;

    /// <summary>`cosine` and `warmup_stable_decay`: the last rate as a share of the peak; with the second it is the first rate too.</summary>
    [Range(0.0, 1.0)]
    public double FinalFraction { get; init; } = 0.1;
}

/// <summary>Learning-rate schedules.</summary>
public enum ScheduleName
{
    /// <summary>OneCycle with two cosine phases.</summary>
    OneCycleCosine,

    /// <summary>OneCycle with two linear phases.</summary>
    OneCycleLinear,

    /// <summary>Linear warm-up, then a cosine.</summary>
    Cosine,

    /// <summary>Linear warm-up from 0, then half a cosine that would reach 0 one update after the last.</summary>
    HalfCosine,

    /// <summary>Linear warm-up, the peak, a cosine at the end.</summary>
    WarmupStableDecay,

    /// <summary>Always the peak rate.</summary>
    Constant,

    /// <summary>The same, by the original's name.</summary>
    None,
}

/// <summary>The `training` section.</summary>
public sealed record TrainingRecipe
{
    /// <summary>Optimizer steps of the whole run; the schedule stretches over them.</summary>
    [Range(1, int.MaxValue)]
    public int Steps { get; init; } = 150;

    /// <summary>`exact64`: fixed-point sums, the same bits for every number of workers. `float32`: plain sums, which are not.</summary>
    public Reduction Reduction { get; init; } = Reduction.Exact64;

    /// <summary>The least bit of an exact sum is 2 to the minus this.</summary>
    [Range(8, 50)]
    public int ReductionBits { get; init; } = 40;

    /// <summary>`cpu`, `cuda` or `cuda:N`.</summary>
    [Required, ObservesOnly]
    public string Device { get; init; } = "cpu";

    /// <summary>Threads of one worker's tensor operations. The bits of the result depend on it.</summary>
    [Range(1, 1024)]
    public int Threads { get; init; } = 2;

    /// <summary>`float32`; `bfloat16` (on GPUs) for matrix products in bfloat16 and all else in float32; `bfloat16_weights` for weights and optimizer in bfloat16 too; `float64` to run everything in double precision (for choosing tolerances).</summary>
    public Precision Precision { get; init; } = Precision.Float32;

    /// <summary>What a step with a non-finite or unacceptably large gradient does: `skip` the update, or `stop` the run.</summary>
    public OnNonfinite OnNonfinite { get; init; } = OnNonfinite.Skip;
}

/// <summary>How gradients are summed.</summary>
public enum Reduction
{
    /// <summary>int64 fixed point: associative.</summary>
    Exact64,

    /// <summary>float32: depends on order and grouping.</summary>
    Float32,
}

/// <summary>Arithmetic of the model and the optimizer.</summary>
public enum Precision
{
    /// <summary>Single precision.</summary>
    Float32,

    /// <summary>Double precision.</summary>
    Float64,

    /// <summary>Matrix products in bfloat16, weights and everything else in single precision (autocast); meant for GPUs.</summary>
    Bfloat16,

    /// <summary>Weights, activations and the optimizer's moments in bfloat16, as the published fine-tuning of Ouro: a third of the memory, and updates far below a weight are lost.</summary>
    Bfloat16Weights,
}

/// <summary>The non-finite policy.</summary>
public enum OnNonfinite
{
    /// <summary>Commit the step without an update; the schedule advances.</summary>
    Skip,

    /// <summary>End the run with an error.</summary>
    Stop,
}

/// <summary>The `checkpoint` section.</summary>
public sealed record CheckpointRecipe
{
    /// <summary>Steps between checkpoints; 0 writes only the last.</summary>
    [Range(0, int.MaxValue)]
    public int Every { get; init; } = 50;

    /// <summary>How many of the newest are kept.</summary>
    [Range(1, int.MaxValue)]
    public int KeepLast { get; init; } = 2;

    /// <summary>Checkpoints whose step is a multiple of this are kept for good; 0 keeps none for that reason.</summary>
    [Range(0, int.MaxValue)]
    public int KeepEvery { get; init; }

    /// <summary>Whether the one with the lowest validation loss is kept.</summary>
    public bool KeepBest { get; init; } = true;
}

/// <summary>The `evaluation` section.</summary>
public sealed record EvaluationRecipe
{
    /// <summary>Steps between evaluations; 0 evaluates only before and after.</summary>
    [Range(0, int.MaxValue)]
    public int Every { get; init; } = 50;

    /// <summary>Validation micro-batches of an evaluation during training; the last evaluation reads the whole validation set.</summary>
    [Range(1, int.MaxValue)]
    public int Batches { get; init; } = 24;
}
