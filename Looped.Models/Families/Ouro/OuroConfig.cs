using System.ComponentModel.DataAnnotations;
using Looped.Models.Recipes;

namespace Looped.Models.Families.Ouro;

/// <summary>The `model` section of an Ouro recipe: a Llama-like stack that runs several times, with a gate that may stop it (STARS, section 6).</summary>
public sealed record OuroConfig : RandomDepthConfig
{
    /// <summary>Width of the residual stream (`hidden_size`).</summary>
    [Range(1, 1 << 20)]
    public int Width { get; init; } = 2048;

    /// <summary>Features inside the MLP (`intermediate_size`).</summary>
    [Range(1, 1 << 20)]
    public int Hidden { get; init; } = 5632;

    /// <summary>Layers of one step (`num_hidden_layers`).</summary>
    [Range(1, 4096)]
    public int Layers { get; init; } = 24;

    /// <summary>Attention heads (`num_attention_heads`).</summary>
    [Range(1, 1 << 16)]
    public int Heads { get; init; } = 16;

    /// <summary>Heads of keys and values, each shared by as many queries; 0 for as many as `heads` (`num_key_value_heads`).</summary>
    [Range(0, 1 << 16)]
    public int KeyValueHeads { get; init; }

    /// <summary>Channels of a head, an even number; 0 for `width` / `heads` (`head_dim`).</summary>
    [Range(0, 1 << 16)]
    public int HeadWidth { get; init; }

    /// <summary>θ of the rotary positions.</summary>
    [Range(1.0, 1e12)]
    public double RopeTheta { get; init; } = 1_000_000;

    /// <summary>ε of the norms (`rms_norm_eps`).</summary>
    [Range(1e-12, 1.0)]
    public double NormEpsilon { get; init; } = 1e-6;

    /// <summary>Outside of training: `last` (the last step's logits), `threshold` (each token stops at the first step at which it has stopped with a probability of `exit_threshold`) or `weighted` (the mean over the steps' logits).</summary>
    [ObservesOnly]
    public ExitRule Exit { get; init; } = ExitRule.Last;

    /// <summary>`exit: threshold`: the probability; at 1, only a gate that is saturated stops a token early (`early_exit_threshold`).</summary>
    [Range(0.0, 1.0)]
    [ObservesOnly]
    public double ExitThreshold { get; init; } = 1;

    /// <summary>Positions that the model is said to be good for (`max_position_embeddings`); goes into an exported `config.json`.</summary>
    [Range(1, 1 << 30)]
    [ObservesOnly]
    public int MaxPositions { get; init; } = 65536;

    /// <summary>In training: `weighted` (the published code: the gate learns too) or `last` (the gate has no part).</summary>
    public ExitRule TrainingExit { get; init; } = ExitRule.Weighted;

    /// <summary>In training: `none`, `step` or `layer`. What is computed a second time in the backward pass and so need not be kept (gradient checkpointing): with the last two, memory does not grow with the number of loops.</summary>
    public Recompute Recompute { get; init; } = Recompute.None;

    /// <summary>Heads of keys and values.</summary>
    internal int SharedHeads => KeyValueHeads > 0 ? KeyValueHeads : Heads;

    /// <summary>Channels of a head.</summary>
    internal int HeadChannels => HeadWidth > 0 ? HeadWidth : Width / Heads;

    /// <inheritdoc/>
    public override IEnumerable<RecipeProblem> Problems()
    {
        foreach (RecipeProblem problem in base.Problems()) yield return problem;
        if (HeadWidth == 0 && Width % Heads != 0)
            yield return new("width", $"{Width} is not a multiple of heads ({Heads}); choose a width that divides evenly among the heads, or set head_width");
        else if (HeadChannels % 2 != 0)
            yield return new(HeadWidth > 0 ? "head_width" : "heads", $"a head would have {HeadChannels} channels, and rotary positions turn them in pairs; choose an even number");
        if (Heads % SharedHeads != 0)
            yield return new("key_value_heads", $"{Heads} heads cannot share {SharedHeads} heads of keys and values evenly; choose a divisor of heads");
        if (Exit != ExitRule.Threshold && ExitThreshold != 1)
            yield return new("exit_threshold", $"only exit: threshold reads it, not {RecipeScalar.Format(Exit)}; leave it out");
        if (TrainingExit == ExitRule.Threshold)
            yield return new("training_exit", "a token that stops at a threshold gives the gate no gradient; choose weighted or last");
    }
}

/// <summary>Whose logits count.</summary>
public enum ExitRule
{
    /// <summary>The last step's.</summary>
    Last,

    /// <summary>Those of the step at which the token stops.</summary>
    Threshold,

    /// <summary>All steps', weighted by the probability of stopping there.</summary>
    Weighted,
}
