namespace Looped.Models.Families.CoTFormer;

/// <summary>What is special about a variant.</summary>
/// <param name="Name">Our name.</param>
/// <param name="References">Its names in the reference code.</param>
/// <param name="Create">Builds it with unset weights.</param>
internal sealed record VariantTraits(string Name, IReadOnlyList<string> References, Func<CoTFormerConfig, int, CoTFormerModel> Create)
{
    /// <summary>Whether blocks in the middle repeat.</summary>
    public bool Looped { get; init; } = true;

    /// <summary>Whether a token attends to the keys of the repeats before its own, too.</summary>
    public bool SeesEarlierRepeats { get; init; }

    /// <summary>Whether queries have a map of their own (<c>q_attn</c>) instead of one with keys and values.</summary>
    public bool SeparateQueries { get; init; }

    /// <summary>Whether a norm follows each repeat.</summary>
    public bool MiddleNorm { get; init; }

    /// <summary>Whether routers choose the tokens that go on.</summary>
    public bool Routed { get; init; }

    /// <summary>Whether training needs the logits of every repeat.</summary>
    public bool AnswersEachRepeat { get; init; }

    /// <summary>Whether the loss hangs on every repeat by itself, not only through what the last one gives, so that the graph cannot be cut behind the repeats.</summary>
    public bool LossSeesRepeats { get; init; }

    /// <summary>What may be added before each repeat.</summary>
    public IReadOnlyList<DepthEmbeddingKind> DepthEmbeddings { get; init; } = [];

    /// <summary>How length factors may be drawn in training; empty where nothing is routed.</summary>
    public IReadOnlyList<string> FactorMethods { get; init; } = [];

    /// <summary>Keys of `model` that only this variant and its like read.</summary>
    public IReadOnlyList<string> OwnKeys { get; init; } = [];
}

/// <summary>The family's variants: short names of ours, and those of the reference code.</summary>
internal static class CoTFormerVariants
{
    /// <summary>A plain transformer.</summary>
    public const string Base = "base";

    /// <summary>The default: repeats that see the keys of all repeats before them, with a norm after each.</summary>
    public const string LnCoTFormer = "ln_cotformer";

    private static readonly string[] BothMethods =
        [LengthFactors.Uniform, "uniform_random_range", LengthFactors.MoreChanceForZero, LengthFactors.ExponentialDecay, LengthFactors.PickMid];

    private static readonly VariantTraits[] Table =
    [
        new(Base, [], (c, v) => new BaseModel(c, v)) { Looped = false },
        new("but", ["but_full_depth"], (c, v) => new FullDepth(c, v)) { SeparateQueries = true },
        new("cotformer", ["cotformer_full_depth"], (c, v) => new FullDepth(c, v)) { SeesEarlierRepeats = true },
        new(LnCoTFormer, ["cotformer_full_depth_lnmid_depthemb"], (c, v) => new LnCoTFormer(c, v))
        {
            SeesEarlierRepeats = true,
            MiddleNorm = true,
            DepthEmbeddings = [DepthEmbeddingKind.LinearLearned, DepthEmbeddingKind.Learned],
        },
        new("adm", ["adaptive_cotformer_mod_efficient_sigmoid_crw_lnmid_de_random_factor_single_final"], (c, v) => new AdaptiveCoTFormer(c, v))
        {
            SeesEarlierRepeats = true,
            MiddleNorm = true,
            Routed = true,
            DepthEmbeddings = [DepthEmbeddingKind.LinearLearned, DepthEmbeddingKind.Learned],
            FactorMethods = [.. BothMethods, LengthFactors.AtLeastTenPercent, LengthFactors.PickMidMoreOnes, LengthFactors.PickMidEvenMoreOnes],
        },
        // The reference's second class exists only to be counted, and computes nothing meaningful: here it is the same model.
        new("adaptive_but", ["but_mod_efficient_sigmoid_lnmid_depthemb_random_factor", "but_mod_efficient_sigmoid_lnmid_depthemb_random_factor_for_mac_compute"],
            (c, v) => new AdaptiveBut(c, v))
        {
            MiddleNorm = true,
            Routed = true,
            DepthEmbeddings = [DepthEmbeddingKind.LinearLearned],
            FactorMethods = BothMethods,
        },
        new("but_halting", ["but_halting_freeze_input_on_stop"], (c, v) => new HaltingBut(c, v))
        {
            SeparateQueries = true,
            LossSeesRepeats = true,
            OwnKeys = ["halt_threshold", "act_penalty"],
        },
        new("pondernet", [], (c, v) => new PonderNet(c, v))
        {
            SeparateQueries = true,
            AnswersEachRepeat = true,
            LossSeesRepeats = true,
            OwnKeys = ["ponder_lambda_p", "ponder_kl_div_loss_weight", "pondernet_weight_order"],
        },
    ];

    /// <summary>The short name of every variant.</summary>
    public static IReadOnlyList<string> All { get; } = [.. Table.Select(v => v.Name)];

    /// <summary>Our name of a variant; anything unknown as it is.</summary>
    public static string ShortName(string name) => Table.FirstOrDefault(v => v.References.Contains(name))?.Name ?? name;

    /// <summary>A variant by either of its names; null if there is none.</summary>
    public static VariantTraits? Find(string name) => Table.FirstOrDefault(v => v.Name == name || v.References.Contains(name));

    /// <summary>The variant that a configuration names; it must exist.</summary>
    public static VariantTraits Traits(this CoTFormerConfig config) =>
        Find(config.Variant) ?? throw new ArgumentException($"There is no variant '{config.Variant}'.", nameof(config));

    /// <summary>The names of the variants that have something, for a sentence: <c>a, b or c</c>.</summary>
    public static string Names(Func<VariantTraits, bool> have)
    {
        string[] names = [.. Table.Where(have).Select(v => v.Name)];
        return names.Length == 1 ? names[0] : $"{string.Join(", ", names[..^1])} or {names[^1]}";
    }
}
