using System.Text.Json.Nodes;
using Looped.Models.Evaluation.Parity;
using TorchSharp;

namespace Looped.Models.Families.CoTFormer;

/// <summary>Reads the reference code's arguments, as they stand in `config` of a vector, as a configuration of ours.</summary>
internal static class CoTFormerReference
{
    private static readonly CoTFormerConfig Defaults = new();

    /// <summary>The model of a vector with `model` and `config`, with the vector's weights and in its precision.</summary>
    /// <exception cref="LoopedException">The variant is not implemented, or config and weights contradict each other.</exception>
    public static CoTFormerModel Model(ParityVector vector)
    {
        JsonObject config = vector.Json.Section("config", vector.Path);
        string variant = (vector.Json["model"] ?? config["model"])?.GetValue<string>()
            ?? throw new LoopedException($"{vector.Path}: the text `model` is missing.");
        CoTFormerModel model = CoTFormerFamily.Build(Config(config, variant, vector.Path), config.Integer("vocab_size", vector.Path));
        model.to(vector.Precision);
        ParityWeights.Load(model, vector, name => CoTFormerNames.FromReference(name, model.Config));
        model.to(vector.Device);
        return model;
    }

    /// <summary>Our configuration; arguments that a variant does not read are left out, as the reference does.</summary>
    /// <param name="arguments">The reference's arguments; absent ones take the reference's defaults.</param>
    /// <param name="variant">`model`.</param>
    /// <param name="path">Named in errors.</param>
    public static CoTFormerConfig Config(JsonObject arguments, string variant, string path)
    {
        VariantTraits traits = CoTFormerVariants.Find(variant) ?? throw new LoopedException($"{path}: the variant '{variant}' is not known.");
        string? method = arguments["depth_random_method"]?.GetValue<string>();
        return new CoTFormerConfig
        {
            Family = CoTFormerFamily.FamilyName,
            Variant = traits.Name,
            Layers = arguments.Integer("n_layer", path),
            Width = arguments.Integer("n_embd", path),
            Heads = arguments.Integer("n_head", path, absent: 1),
            SequenceLength = arguments.Integer("sequence_length", path, absent: 512),
            Repeats = arguments.Integer("n_repeat", path, absent: 2),
            LayersBegin = traits.Looped ? arguments.Integer("n_layer_begin", path, absent: 0) : 0,
            LayersEnd = traits.Looped ? arguments.Integer("n_layer_end", path, absent: 0) : 0,
            DepthEmbedding = traits.DepthEmbeddings.Count > 0 ? Depth(arguments["depth_embedding"]?.GetValue<string>(), path) : DepthEmbeddingKind.None,
            DisableLnMid = traits.MiddleNorm && arguments.Truth("disable_ln_mid", path, absent: false),
            Dropout = arguments.Real("dropout", path, absent: 0),
            Bias = arguments.Truth("bias", path, absent: false),
            PositionalEncoder = Positions(arguments["positional_encoder"]?.GetValue<string>(), path),
            AttentionWindow = arguments["attention_window_length"] is null ? null : arguments.Integer("attention_window_length", path),
            DepthRandomMethod = method is not null && traits.FactorMethods.Contains(method) ? method : LengthFactors.Uniform,
            EvalLengthFactor = traits.Routed ? arguments.Reals("eval_length_factor", path) : null,
            HaltThreshold = Own("halt_threshold", Defaults.HaltThreshold),
            ActPenalty = Own("act_penalty", Own("depth_predictor_loss_coef", Defaults.ActPenalty, "act_penalty")),
            PonderLambdaP = Own("ponder_lambda_p", Defaults.PonderLambdaP),
            PonderKlDivLossWeight = Own("ponder_kl_div_loss_weight", Defaults.PonderKlDivLossWeight),
            PondernetWeightOrder = traits.OwnKeys.Contains("pondernet_weight_order") ? WeightOrder(arguments["pondernet_weight_order"]?.GetValue<string>(), path) : Defaults.PondernetWeightOrder,
        };

        double Own(string argument, double absent, string? key = null) =>
            traits.OwnKeys.Contains(key ?? argument) ? arguments.Real(argument, path, absent) : absent;
    }

    private static PonderWeightOrder WeightOrder(string? name, string path) => name switch
    {
        null or "reference" => PonderWeightOrder.Reference,
        "aligned" => PonderWeightOrder.Aligned,
        _ => throw new LoopedException($"{path}: the weight order '{name}' is not known."),
    };

    private static DepthEmbeddingKind Depth(string? name, string path) => name switch
    {
        null or "none" => DepthEmbeddingKind.None,
        "learned" => DepthEmbeddingKind.Learned,
        "linear_learned" => DepthEmbeddingKind.LinearLearned,
        _ => throw new LoopedException($"{path}: the depth embedding '{name}' is not known."),
    };

    private static PositionalEncoder Positions(string? name, string path) => name switch
    {
        null or "rotary" => PositionalEncoder.Rotary,
        "none" => PositionalEncoder.None,
        _ => throw new LoopedException($"{path}: the positional encoder '{name}' is not known."),
    };
}
