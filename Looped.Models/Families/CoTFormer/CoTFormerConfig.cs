using System.ComponentModel.DataAnnotations;
using Looped.Models.Recipes;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// The `model` section of a CoTFormer recipe (Mohtashami et al., "CoTFormer: A Chain-of-Thought Driven Architecture with
/// Budget-Adaptive Computation Cost at Inference", ICLR 2025).
/// </summary>
public sealed record CoTFormerConfig : ModelConfig
{
    /// <summary>
    /// `base` (no repeats), `cotformer` (`cotformer_full_depth` in the reference) or `ln_cotformer`
    /// (`cotformer_full_depth_lnmid_depthemb`). The reference's names are accepted and mean the same.
    /// </summary>
    [Required]
    public string Variant { get; init => field = CoTFormerVariants.ShortName(value); } = CoTFormerVariants.LnCoTFormer;

    /// <summary>L, the blocks with weights of their own, reserved ones included.</summary>
    [Range(1, 4096)]
    public int Layers { get; init; } = 6;

    /// <summary>D, the width of the residual stream; a multiple of `heads`.</summary>
    [Range(1, 1 << 20)]
    public int Width { get; init; } = 192;

    /// <summary>H, the attention heads of a block.</summary>
    [Range(1, 1 << 16)]
    public int Heads { get; init; } = 6;

    /// <summary>R, how often the middle blocks run; `base` runs every block once whatever this says.</summary>
    [Range(1, 1024)]
    public int Repeats { get; init; } = 2;

    /// <summary>Blocks at the input that run once.</summary>
    [Range(0, 4096)]
    public int LayersBegin { get; init; }

    /// <summary>Blocks at the output that run once.</summary>
    [Range(0, 4096)]
    public int LayersEnd { get; init; }

    /// <summary>`ln_cotformer` only, what is added before each repeat: `none`, `linear_learned` (a vector times the repeats still to come) or `learned` (a vector for each).</summary>
    public DepthEmbeddingKind DepthEmbedding { get; init; } = DepthEmbeddingKind.None;

    /// <summary>`ln_cotformer` only: leaves out the norm after each repeat.</summary>
    public bool DisableLnMid { get; init; }

    /// <summary>Probability with which an activation of the embedding, the attention and the MLP output is zeroed in training.</summary>
    [Range(0.0, 0.99)]
    public double Dropout { get; init; }

    /// <summary>Whether linear maps and norms have biases.</summary>
    public bool Bias { get; init; }

    /// <summary>How tokens know their position: `rotary` or `none`.</summary>
    public PositionalEncoder PositionalEncoder { get; init; } = PositionalEncoder.Rotary;

    /// <summary>w: a token sees itself and this many positions before it; empty for all before it.</summary>
    [Range(0, int.MaxValue)]
    public int? AttentionWindow { get; init; }

    /// <summary>The middle blocks, which repeat.</summary>
    public int MiddleLayers() => Layers - LayersBegin - LayersEnd;

    /// <inheritdoc/>
    public override IEnumerable<RecipeProblem> Problems()
    {
        if (!CoTFormerVariants.All.Contains(Variant))
            yield return new("variant", $"'{Variant}' is not a variant of the family cotformer; choose one of "
                + $"{string.Join(", ", CoTFormerVariants.All)}{Suggestions.DidYouMean(Variant, CoTFormerVariants.All)}");
        if (Width % Heads != 0)
            yield return new("width", $"{Width} is not a multiple of heads ({Heads}); choose a width that divides evenly among the heads");
        else if (PositionalEncoder == PositionalEncoder.Rotary && Width / Heads % 2 != 0)
            yield return new("heads", $"a head would have {Width / Heads} channels, and rotary positions turn them in pairs; choose heads so that width / heads is even");

        bool looped = Variant != CoTFormerVariants.Base, normed = Variant == CoTFormerVariants.LnCoTFormer;
        if (!looped && LayersBegin + LayersEnd > 0)
            yield return new(LayersBegin > 0 ? "layers_begin" : "layers_end", "the variant base has no repeated middle, so no layers can be reserved; leave it out");
        if (looped && MiddleLayers() < 1)
            yield return new("layers", $"{LayersBegin} + {LayersEnd} reserved layers leave none of {Layers} to repeat; raise layers or reserve fewer");
        if (!normed && DepthEmbedding != DepthEmbeddingKind.None)
            yield return new("depth_embedding", $"the variant {Variant} has no depth embedding; use {CoTFormerVariants.LnCoTFormer} or leave it out");
        if (!normed && DisableLnMid)
            yield return new("disable_ln_mid", $"the variant {Variant} has no norm after a repeat; use {CoTFormerVariants.LnCoTFormer} or leave it out");
    }
}

/// <summary>What marks the repeats for the model.</summary>
public enum DepthEmbeddingKind
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>A row of a table, counted from the last repeat.</summary>
    Learned,

    /// <summary>One vector times the number of repeats still to come.</summary>
    LinearLearned,
}

/// <summary>How tokens know their position.</summary>
public enum PositionalEncoder
{
    /// <summary>Queries and keys are turned by their position.</summary>
    Rotary,

    /// <summary>Not at all, beyond the causal mask.</summary>
    None,
}
