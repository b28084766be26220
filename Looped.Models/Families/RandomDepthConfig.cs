using System.ComponentModel.DataAnnotations;
using Looped.Models.Recipes;

namespace Looped.Models.Families;

/// <summary>
/// Keys of models that are trained for a stable loop: at a random number of loops, and with a penalty on the Jacobian of one loop
/// (STARS, arXiv 2605.26733).
/// </summary>
public abstract record RandomDepthConfig : ModelConfig
{
    /// <summary>n, how often the looped layers run: always in evaluation, and in training unless `loop_distribution` draws it.</summary>
    [Range(0, 4096)]
    public int Loops { get; init; } = 4;

    /// <summary>How n is drawn in training: `fixed` (always `loops`), `log_norm`, `poisson` or `uniform`.</summary>
    public LoopDistribution LoopDistribution { get; init; } = LoopDistribution.Fixed;

    /// <summary>
    /// `per_micro_batch` draws for each micro-batch, `per_step` once for all of a step; `reference` takes the numbers of the reference's
    /// generator, seeded with `seed`, a draw for each micro-batch in order.
    /// </summary>
    public LoopDraws LoopDraws { get; init; } = LoopDraws.PerMicroBatch;

    /// <summary>`log_norm`: the mean of ln n before rounding.</summary>
    [Range(-10.0, 10.0)]
    public double LoopMu { get; init; } = 2;

    /// <summary>`log_norm`: the standard deviation of ln n.</summary>
    [Range(0.0, 10.0)]
    public double LoopSigma { get; init; } = 0.7;

    /// <summary>`poisson`: the mean.</summary>
    [Range(0.01, 500.0)]
    public double LoopLambda { get; init; } = 5;

    /// <summary>The least n that is drawn.</summary>
    [Range(0, 4096)]
    public int MinLoops { get; init; } = 1;

    /// <summary>The largest n that is drawn.</summary>
    [Range(1, 4096)]
    public int MaxLoops { get; init; } = 100;

    /// <summary>w: the training loss is (1 − w) · loss + w · ‖vᵀJ‖², J the Jacobian of one loop at the last state; 0 for no penalty.</summary>
    [Range(0.0, 1.0)]
    public double RegWeight { get; init; }

    /// <summary>How often v is taken through J before the penalty is read off; more than 1 is a power iteration.</summary>
    [Range(1, 100)]
    public int SpectralIters { get; init; } = 1;

    /// <summary>The penalty counts in steps (from 0) above this one; empty for all.</summary>
    [Range(0, int.MaxValue)]
    public int? RegWarmupSteps { get; init; }

    /// <summary>Whether the penalty is part of a step's loss.</summary>
    internal bool Regularises(TrainingPlace? place) => RegWeight > 0 && (RegWarmupSteps is not { } warmup || place is null || place.Value.Step > warmup);

    /// <inheritdoc/>
    public override IEnumerable<RecipeProblem> Problems()
    {
        bool random = LoopDistribution != LoopDistribution.Fixed;
        if (Loops < 1)
            yield return new("loops", RegWeight > 0
                ? "0 loops leave the Jacobian regulariser no loop to measure; set loops to 1 or more, or reg_weight to 0"
                : "0 loops leave the looped layers out, so nothing in them would be trained; set it to 1 or more (`eval` and `generate` can still ask for other numbers)");
        if (random && MinLoops < 1)
            yield return new("min_loops", "a training pass with 0 loops would train nothing in the looped layers; set it to 1 or more");
        if (random && MaxLoops < MinLoops)
            yield return new("max_loops", $"{MaxLoops} is less than min_loops ({MinLoops}), so no number of loops could be drawn");
        if (LoopDistribution == LoopDistribution.Poisson && LoopDraws == LoopDraws.Reference && LoopLambda >= LoopCounts.LargestReplayedLambda)
            yield return new("loop_lambda", $"the reference's stream can be replayed for a mean below {LoopCounts.LargestReplayedLambda} only; lower it or leave loop_draws out");
        if (!random && LoopDraws != LoopDraws.PerMicroBatch)
            yield return new("loop_draws", "nothing is drawn where loop_distribution is fixed; choose log_norm, poisson or uniform, or leave it out");
        if (RegWeight == 0 && RegWarmupSteps is not null)
            yield return new("reg_warmup_steps", "there is no penalty to wait for where reg_weight is 0; set reg_weight or leave it out");
    }
}

/// <summary>How the number of loops of a training pass is found.</summary>
public enum LoopDistribution
{
    /// <summary>It is configured.</summary>
    Fixed,

    /// <summary>exp of a normal number, rounded half to even.</summary>
    LogNorm,

    /// <summary>A Poisson number.</summary>
    Poisson,

    /// <summary>Each from the least to the largest, both included, equally often.</summary>
    Uniform,
}

/// <summary>Which draws the number of loops is made from.</summary>
public enum LoopDraws
{
    /// <summary>A function of (seed, step, micro-batch).</summary>
    PerMicroBatch,

    /// <summary>A function of (seed, step).</summary>
    PerStep,

    /// <summary>The reference's generator, one count after the other.</summary>
    Reference,
}
