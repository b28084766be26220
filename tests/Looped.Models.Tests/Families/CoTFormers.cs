using Looped.Models.Families;
using Looped.Models.Families.CoTFormer;
using Looped.Models.Randomness;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Families;

/// <summary>Small models of every variant, for tests.</summary>
internal static class CoTFormers
{
    public const int Vocabulary = 31;

    public static readonly CoTFormerConfig Small = new()
    {
        Family = "cotformer",
        Layers = 4,
        Width = 24,
        Heads = 2,
        SequenceLength = 16,
        Repeats = 3,
    };

    /// <summary>One configuration for every variant and every option that changes what is computed.</summary>
    public static readonly Dictionary<string, CoTFormerConfig> Configs = new()
    {
        ["base"] = Small with { Variant = "base" },
        ["base, bias, no positions"] = Small with { Variant = "base", Bias = true, PositionalEncoder = PositionalEncoder.None },
        ["base, window"] = Small with { Variant = "base", AttentionWindow = 3 },
        ["cotformer"] = Small with { Variant = "cotformer" },
        ["cotformer, reserved"] = Small with { Variant = "cotformer_full_depth", LayersBegin = 1, LayersEnd = 2, Bias = true },
        ["cotformer, window"] = Small with { Variant = "cotformer", AttentionWindow = 2 },
        ["ln_cotformer"] = Small with { Variant = "ln_cotformer", LayersBegin = 1, LayersEnd = 1 },
        ["ln_cotformer, linear_learned"] = Small with { Variant = "cotformer_full_depth_lnmid_depthemb", LayersBegin = 1, DepthEmbedding = DepthEmbeddingKind.LinearLearned },
        ["ln_cotformer, learned"] = Small with { Variant = "ln_cotformer", LayersEnd = 1, DepthEmbedding = DepthEmbeddingKind.Learned, Bias = true },
        ["ln_cotformer, no norm"] = Small with { Variant = "ln_cotformer", DisableLnMid = true },
        ["but"] = Small with { Variant = "but_full_depth" },
        ["but, reserved"] = Small with { Variant = "but", LayersBegin = 1, LayersEnd = 1, Bias = true, AttentionWindow = 3 },
        ["adm"] = Small with { Variant = "adm", LayersBegin = 1, LayersEnd = 1, DepthEmbedding = DepthEmbeddingKind.LinearLearned },
        ["adm, learned"] = Small with { Variant = "adm", DepthEmbedding = DepthEmbeddingKind.Learned, Bias = true, DepthRandomMethod = "exponential_decay" },
        ["adm, window"] = Small with { Variant = "adm", DisableLnMid = true, AttentionWindow = 3, DepthRandomMethod = "pick_mid_and_recurse" },
        ["adm, two repeats of three"] = Small with { Variant = "adm", LayersBegin = 1, EvalLengthFactor = [1, 0] },
        ["adaptive_but"] = Small with { Variant = "adaptive_but", LayersBegin = 1, DepthEmbedding = DepthEmbeddingKind.LinearLearned },
        ["adaptive_but, no norm"] = Small with { Variant = "adaptive_but", LayersEnd = 1, DisableLnMid = true, EvalLengthFactor = [1, 0] },
        ["but_halting"] = Small with { Variant = "but_halting", LayersBegin = 1, HaltThreshold = 0.6 },
        ["pondernet"] = Small with { Variant = "pondernet", LayersBegin = 1, LayersEnd = 1 },
        ["pondernet, reference order"] = Small with { Variant = "pondernet", LayersEnd = 2, Bias = true, PondernetWeightOrder = PonderWeightOrder.Reference },
    };

    /// <summary>Models in which the tokens that come later decide how deep a token goes, so that nothing is causal.</summary>
    public static readonly Dictionary<string, CoTFormerConfig> Rationed = new()
    {
        ["adm"] = Small with { Variant = "adm", LayersBegin = 1, EvalLengthFactor = [0.6, 0.3] },
        ["adaptive_but"] = Small with { Variant = "adaptive_but", LayersEnd = 1, EvalLengthFactor = [0.6, 0.3] },
    };

    public static LanguageModel Create(CoTFormerConfig config) =>
        FamilyRegistry.Find("cotformer")!.Create(config, Vocabulary, RandomStream.Create(7, "initialization"));

    public static Tensor Tokens(int sequences, int length, int seed = 1)
    {
        RandomStream stream = RandomStream.Create(seed, "tokens");
        return tensor(Enumerable.Range(0, sequences * length).Select(i => (int)(stream.Bits((ulong)i) % Vocabulary)).ToArray(), dtype: ScalarType.Int64)
            .view(sequences, length);
    }
}
