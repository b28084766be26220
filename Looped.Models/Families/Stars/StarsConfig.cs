using System.ComponentModel.DataAnnotations;
using Looped.Models.Recipes;

namespace Looped.Models.Families.Stars;

/// <summary>The `model` section of a STARS recipe: a transformer whose layers run n times (arXiv 2605.26733, the addition task).</summary>
public sealed record StarsConfig : RandomDepthConfig
{
    /// <summary>d, the width of the residual stream; a multiple of `heads`.</summary>
    [Range(1, 1 << 20)]
    public int Width { get; init; } = 512;

    /// <summary>H, the attention heads of a block.</summary>
    [Range(1, 1 << 16)]
    public int Heads { get; init; } = 8;

    /// <summary>Features between the two maps of an MLP.</summary>
    [Range(1, 1 << 20)]
    public int Hidden { get; init; } = 1024;

    /// <summary>The blocks of one loop.</summary>
    [Range(1, 4096)]
    public int Layers { get; init; } = 1;

    /// <summary>Rows of the position table; later positions share the last one. 0 takes `sequence_length`.</summary>
    [Range(0, 1 << 20)]
    public int Positions { get; init; }

    /// <summary>Where the norms of a block stand: `pre_norm`, `post_norm`, `sandwich_branch` (around each sub-layer) or `sandwich_dual` (before each sub-layer and after each sum).</summary>
    public NormStructure NormStructure { get; init; } = NormStructure.SandwichDual;

    /// <summary>What a norm of a block is: `layer_norm`, `rms_norm`, `simple_norm` (no weights) or `deep_norm` (a layer norm; with `post_norm` the residual is scaled by `deepnorm_alpha`).</summary>
    public NormType NormType { get; init; } = NormType.LayerNorm;

    /// <summary>`deep_norm`: α, the scale of the residual, and of the initial output maps.</summary>
    [Range(1e-6, 1e6)]
    public double DeepnormAlpha { get; init; } = 10;

    /// <summary>Whether a block of its own runs once before the loops.</summary>
    public bool Prelude { get; init; }

    /// <summary>Whether a block of its own runs once after the loops.</summary>
    public bool Coda { get; init; }

    /// <summary>Probability with which an activation of the embedding, the attention's weights and the MLP output is zeroed in training; drawn anew in each loop.</summary>
    [Range(0.0, 0.99)]
    public double Dropout { get; init; }

    /// <summary>Whether the length of the last loop's step, mean ‖x_n − x_(n−1)‖, is added to the loss.</summary>
    public bool L2Limit { get; init; }

    /// <summary>`l2_limit`: its weight.</summary>
    [Range(0.0, 1e6)]
    public double L2Weight { get; init; } = 1;

    /// <summary>What the original names files of this configuration by: `k1_post_norm_DeepNorm`.</summary>
    public string ReferenceName() => $"k{Layers}_{StarsReference.NameOf(NormStructure)}_{StarsReference.NameOf(NormType)}";

    /// <summary>Rows of the position table.</summary>
    internal int PositionRows => Positions > 0 ? Positions : SequenceLength;

    /// <inheritdoc/>
    public override IEnumerable<RecipeProblem> Problems()
    {
        foreach (RecipeProblem problem in base.Problems()) yield return problem;
        if (Width % Heads != 0)
            yield return new("width", $"{Width} is not a multiple of heads ({Heads}); choose a width that divides evenly among the heads");
        if (!L2Limit && L2Weight != 1)
            yield return new("l2_weight", "it weighs what l2_limit adds, which is off; set l2_limit: true or leave it out");
        if (NormType != NormType.DeepNorm && DeepnormAlpha != 10)
            yield return new("deepnorm_alpha", $"only deep_norm reads it, not {RecipeScalar.Format(NormType)}; leave it out");
    }
}

/// <summary>Where the norms of a block stand.</summary>
public enum NormStructure
{
    /// <summary>x + A(N(x)).</summary>
    PreNorm,

    /// <summary>N(x + A(x)).</summary>
    PostNorm,

    /// <summary>x + N′(A(N(x))).</summary>
    SandwichBranch,

    /// <summary>N′(x + A(N(x))).</summary>
    SandwichDual,
}

/// <summary>What a norm is.</summary>
public enum NormType
{
    /// <summary>Layer norm with weight and bias.</summary>
    LayerNorm,

    /// <summary>Root mean square norm with a weight.</summary>
    RmsNorm,

    /// <summary>Layer norm without parameters.</summary>
    SimpleNorm,

    /// <summary>Layer norm, and a scaled residual where the structure is `post_norm`.</summary>
    DeepNorm,
}
