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
    /// `base` (no repeats), `but` (Block Universal Transformer), `cotformer`, `ln_cotformer`, `adm` (adaptive LN-CoTFormer),
    /// `adaptive_but` (Mixture of Repeats), `but_halting` (stick breaking) or `pondernet`. The reference's names are accepted and mean the same.
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

    /// <summary>`ln_cotformer`, `adm` and `adaptive_but`, what is added before each repeat: `none`, `linear_learned` (a vector times the repeats still to come) or, not with `adaptive_but`, `learned` (a vector for each).</summary>
    public DepthEmbeddingKind DepthEmbedding { get; init; } = DepthEmbeddingKind.None;

    /// <summary>`ln_cotformer`, `adm` and `adaptive_but`: leaves out the norm after each repeat.</summary>
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

    /// <summary>
    /// `adm` and `adaptive_but`, how the shares of tokens that enter each repeat after the first are drawn for a micro-batch: `uniform`
    /// (also `uniform_random_range`), `more_chance_for_zero_too`, `exponential_decay`, `pick_mid_and_recurse`; with `adm` also
    /// `at_least_10percent`, `pick_mid_and_recurse_more_chance_for_one`, `pick_mid_and_recurse_more_chance_for_one_even_more`.
    /// </summary>
    [Required]
    public string DepthRandomMethod { get; init; } = LengthFactors.Uniform;

    /// <summary>`adm` and `adaptive_but`, those shares in evaluation: `repeats` − 1 numbers from 0 to 1 that do not rise; empty for 1 everywhere.</summary>
    [ObservesOnly]
    public IReadOnlyList<double>? EvalLengthFactor { get; init; }

    /// <summary>`but_halting`: a token halts when the probability that it has is above this.</summary>
    [Range(0.0, 1.0)]
    public double HaltThreshold { get; init; } = 0.999;

    /// <summary>`but_halting`: what a repeat of a token costs in the training loss. It is summed over the tokens of a micro-batch, as in the reference.</summary>
    [Range(0.0, 1e3)]
    public double ActPenalty { get; init; } = 0.03;

    /// <summary>`pondernet`: the prior probability of stopping after a repeat.</summary>
    [Range(0.0, 1.0)]
    public double PonderLambdaP { get; init; } = 0.4;

    /// <summary>`pondernet`: weight of the divergence from that prior in the training loss.</summary>
    [Range(0.0, 1e3)]
    public double PonderKlDivLossWeight { get; init; } = 0.2;

    /// <summary>`pondernet`: `aligned` weighs each answer's loss by its own probability; `reference` mixes positions and repeats up, as the reference code does.</summary>
    public PonderWeightOrder PondernetWeightOrder { get; init; } = PonderWeightOrder.Aligned;

    /// <summary>The middle blocks, which repeat.</summary>
    public int MiddleLayers() => Layers - LayersBegin - LayersEnd;

    /// <inheritdoc/>
    public override IEnumerable<RecipeProblem> Problems()
    {
        if (CoTFormerVariants.Find(Variant) is not { } traits)
        {
            yield return new("variant", $"'{Variant}' is not a variant of the family cotformer; choose one of "
                + $"{string.Join(", ", CoTFormerVariants.All)}{Suggestions.DidYouMean(Variant, CoTFormerVariants.All)}");
            yield break;
        }
        if (Width % Heads != 0)
            yield return new("width", $"{Width} is not a multiple of heads ({Heads}); choose a width that divides evenly among the heads");
        else if (PositionalEncoder == PositionalEncoder.Rotary && Width / Heads % 2 != 0)
            yield return new("heads", $"a head would have {Width / Heads} channels, and rotary positions turn them in pairs; choose heads so that width / heads is even");

        if (Repeats < 1)
            yield return new("repeats", $"{Repeats} repeats would leave the middle out; use 1 or more");
        if (!traits.Looped && LayersBegin + LayersEnd > 0)
            yield return new(LayersBegin > 0 ? "layers_begin" : "layers_end", $"the variant {Variant} has no repeated middle, so no layers can be reserved; leave it out");
        if (traits.Looped && MiddleLayers() < 1)
            yield return new("layers", $"{LayersBegin} + {LayersEnd} reserved layers leave none of {Layers} to repeat; raise layers or reserve fewer");
        foreach (RecipeProblem problem in DepthProblems(traits).Concat(RoutingProblems(traits)).Concat(ForeignKeys(traits)))
            yield return problem;
    }

    private IEnumerable<RecipeProblem> DepthProblems(VariantTraits traits)
    {
        if (DepthEmbedding != DepthEmbeddingKind.None && !traits.DepthEmbeddings.Contains(DepthEmbedding))
            yield return new("depth_embedding", $"the variant {Variant} has no depth embedding {RecipeScalar.Format(DepthEmbedding)}; "
                + $"use {CoTFormerVariants.Names(v => v.DepthEmbeddings.Contains(DepthEmbedding))}, or leave it out");
        if (DisableLnMid && !traits.MiddleNorm)
            yield return new("disable_ln_mid", $"the variant {Variant} has no norm after a repeat; use {CoTFormerVariants.Names(v => v.MiddleNorm)}, or leave it out");
    }

    private IEnumerable<RecipeProblem> RoutingProblems(VariantTraits traits)
    {
        string routed = CoTFormerVariants.Names(v => v.Routed);
        if (!traits.Routed && DepthRandomMethod != LengthFactors.Uniform)
            yield return new("depth_random_method", $"the variant {Variant} has no routers, so it draws no length factors; use {routed}, or leave it out");
        if (traits.Routed && !traits.FactorMethods.Contains(DepthRandomMethod))
            yield return new("depth_random_method", $"'{DepthRandomMethod}' is not a way in which {Variant} draws length factors; choose one of "
                + $"{string.Join(", ", traits.FactorMethods)}{Suggestions.DidYouMean(DepthRandomMethod, traits.FactorMethods)}");
        if (!traits.Routed && EvalLengthFactor is not null)
            yield return new("eval_length_factor", $"the variant {Variant} has no routers, so it takes no length factors; use {routed}, or leave it out");
        if (traits.Routed && EvalLengthFactor is { } factors && LengthFactors.Problem(factors, Repeats) is { } problem)
            yield return new("eval_length_factor", problem);
    }

    /// <summary>Keys of other variants that were given a value other than their default.</summary>
    private IEnumerable<RecipeProblem> ForeignKeys(VariantTraits traits)
    {
        var defaults = new CoTFormerConfig();
        (string Key, bool Given)[] keys =
        [
            ("halt_threshold", HaltThreshold != defaults.HaltThreshold), ("act_penalty", ActPenalty != defaults.ActPenalty),
            ("ponder_lambda_p", PonderLambdaP != defaults.PonderLambdaP), ("ponder_kl_div_loss_weight", PonderKlDivLossWeight != defaults.PonderKlDivLossWeight),
            ("pondernet_weight_order", PondernetWeightOrder != defaults.PondernetWeightOrder),
        ];
        foreach ((string key, _) in keys.Where(k => k.Given && !traits.OwnKeys.Contains(k.Key)))
            yield return new(key, $"only {CoTFormerVariants.Names(v => v.OwnKeys.Contains(key))} reads it, not {Variant}; leave it out");
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

/// <summary>How the losses of PonderNet's answers meet their weights.</summary>
public enum PonderWeightOrder
{
    /// <summary>Each answer's own probability.</summary>
    Aligned,

    /// <summary>As the reference code: the losses in the order sequence, repeat, token, the weights in the order sequence, token, repeat.</summary>
    Reference,
}
