using System.Text.Json.Nodes;
using Looped.Models.Evaluation.Parity;
using TorchSharp;

namespace Looped.Models.Families.CoTFormer;

/// <summary>Reads the reference code's arguments, as they stand in `config` of a vector, as a configuration of ours.</summary>
internal static class CoTFormerReference
{
    /// <summary>The model of a vector with `model` and `config`, with the vector's weights and in its precision.</summary>
    /// <exception cref="LoopedException">The variant is not implemented, or config and weights contradict each other.</exception>
    public static CoTFormerModel Model(ParityVector vector)
    {
        JsonObject config = vector.Json.Section("config", vector.Path);
        string variant = (vector.Json["model"] ?? config["model"])?.GetValue<string>()
            ?? throw new LoopedException($"{vector.Path}: the text `model` is missing.");
        CoTFormerModel model = CoTFormerFamily.Build(Config(config, variant, vector.Path), config.Integer("vocab_size", vector.Path));
        model.to(vector.Precision);
        ParityWeights.Load(model, vector, CoTFormerNames.FromReference);
        model.to(vector.Device);
        return model;
    }

    /// <summary>Our configuration; arguments that a variant does not read are left out, as the reference does.</summary>
    /// <param name="arguments">The reference's arguments; absent ones take the reference's defaults.</param>
    /// <param name="variant">`model`.</param>
    /// <param name="path">Named in errors.</param>
    public static CoTFormerConfig Config(JsonObject arguments, string variant, string path)
    {
        string name = RequireImplemented(variant);
        bool looped = name != CoTFormerVariants.Base, normed = name == CoTFormerVariants.LnCoTFormer;
        return new CoTFormerConfig
        {
            Family = CoTFormerFamily.FamilyName,
            Variant = name,
            Layers = arguments.Integer("n_layer", path),
            Width = arguments.Integer("n_embd", path),
            Heads = arguments.Integer("n_head", path, absent: 1),
            SequenceLength = arguments.Integer("sequence_length", path, absent: 512),
            Repeats = arguments.Integer("n_repeat", path, absent: 2),
            LayersBegin = looped ? arguments.Integer("n_layer_begin", path, absent: 0) : 0,
            LayersEnd = looped ? arguments.Integer("n_layer_end", path, absent: 0) : 0,
            DepthEmbedding = normed ? Depth(arguments["depth_embedding"]?.GetValue<string>(), path) : DepthEmbeddingKind.None,
            DisableLnMid = normed && arguments.Truth("disable_ln_mid", path, absent: false),
            Dropout = arguments.Real("dropout", path, absent: 0),
            Bias = arguments.Truth("bias", path, absent: false),
            PositionalEncoder = Positions(arguments["positional_encoder"]?.GetValue<string>(), path),
            AttentionWindow = arguments["attention_window_length"] is null ? null : arguments.Integer("attention_window_length", path),
        };
    }

    /// <summary>Our name of a variant of the reference.</summary>
    /// <exception cref="LoopedException">We do not have it.</exception>
    public static string RequireImplemented(string variant)
    {
        string name = CoTFormerVariants.ShortName(variant);
        return CoTFormerVariants.All.Contains(name) ? name : throw new LoopedException($"the variant '{variant}' is not implemented yet");
    }

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
