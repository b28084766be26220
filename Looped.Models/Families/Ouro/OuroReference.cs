using System.Text.Json.Nodes;
using Looped.Models.Data;
using Looped.Models.Evaluation.Parity;
using TorchSharp;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Families.Ouro;

/// <summary>Reads a public `config.json`, as it also stands in `config` of a vector, as a configuration of ours.</summary>
internal static class OuroReference
{
    /// <summary>The model of a vector, with its weights and in its precision.</summary>
    /// <param name="vector">The vector.</param>
    /// <param name="optional">Parameters that the vector may leave out; null for none.</param>
    /// <exception cref="LoopedException">Config and weights contradict each other.</exception>
    public static OuroModel Model(ParityVector vector, Func<string, bool>? optional = null)
    {
        JsonObject config = vector.Json.Section("config", vector.Path);
        OuroModel model = OuroFamily.Build(Config(config, vector.Path), config.Integer("vocab_size", vector.Path));
        model.to(vector.Precision);
        ParityWeights.Load(model, vector, OuroNames.FromReference, optional);
        model.to(vector.Device);
        return model;
    }

    /// <summary>Our configuration. Class defaults of the published code differ from every checkpoint, so sizes must be there.</summary>
    /// <exception cref="LoopedException">A size is missing, or the file asks for what no published checkpoint has.</exception>
    public static OuroConfig Config(JsonObject json, string path)
    {
        Require(json["hidden_act"] is null || json.Text("hidden_act", path) == "silu", "hidden_act", "silu");
        Require(json["rope_scaling"] is null, "rope_scaling", "null");
        Require(json.Real("attention_dropout", path, absent: 0) == 0, "attention_dropout", "0");
        Require(!json.Truth("tie_word_embeddings", path, absent: false), "tie_word_embeddings", "false");
        Require(!json.Truth("use_sliding_window", path, absent: false), "use_sliding_window", "false");
        int heads = json.Integer("num_attention_heads", path), width = json.Integer("hidden_size", path);
        double threshold = json.Real("early_exit_threshold", path, absent: 1);
        return new OuroConfig
        {
            Family = OuroFamily.FamilyName,
            Width = width,
            Hidden = json.Integer("intermediate_size", path),
            Layers = json.Integer("num_hidden_layers", path),
            Heads = heads,
            KeyValueHeads = json.Integer("num_key_value_heads", path, absent: heads),
            HeadWidth = json.Integer("head_dim", path, absent: width / heads),
            SequenceLength = json.Integer("max_position_embeddings", path),
            RopeTheta = json.Real("rope_theta", path),
            NormEpsilon = json.Real("rms_norm_eps", path),
            Loops = json.Integer("total_ut_steps", path),
            Exit = ExitRule.Threshold,
            ExitThreshold = threshold,
            SpectralIters = json.Integer("spectral_iters", path, absent: 1),
        };

        void Require(bool holds, string key, string value)
        {
            if (!holds) throw new LoopedException($"{path}: `{key}` is {json[key]?.ToJsonString() ?? "null"}, and only {value} is implemented.");
        }
    }

    /// <summary>The public `config.json` of a configuration of ours (section 6.1).</summary>
    public static JsonObject Json(OuroConfig config, int vocabularySize) => new()
    {
        ["architectures"] = new JsonArray("OuroForCausalLM"),
        ["model_type"] = OuroFamily.FamilyName,
        ["vocab_size"] = vocabularySize,
        ["hidden_size"] = config.Width,
        ["intermediate_size"] = config.Hidden,
        ["num_hidden_layers"] = config.Layers,
        ["num_attention_heads"] = config.Heads,
        ["num_key_value_heads"] = config.SharedHeads,
        ["head_dim"] = config.HeadChannels,
        ["hidden_act"] = "silu",
        ["max_position_embeddings"] = Math.Max(config.MaxPositions, config.SequenceLength),
        ["rope_theta"] = config.RopeTheta,
        ["rope_scaling"] = null,
        ["rms_norm_eps"] = config.NormEpsilon,
        ["attention_dropout"] = 0.0,
        ["tie_word_embeddings"] = false,
        ["use_sliding_window"] = false,
        ["layer_types"] = new JsonArray([.. Enumerable.Repeat("full_attention", config.Layers).Select(t => (JsonNode)t)]),
        ["total_ut_steps"] = config.Loops,
        ["early_exit_threshold"] = config.ExitThreshold,
        ["bos_token_id"] = 0,
        ["eos_token_id"] = 0,
        ["pad_token_id"] = 0,
    };

    /// <summary>Unshifted labels, −100 where nothing is scored, as what each position should predict.</summary>
    public static Tensor Targets(Tensor labels)
    {
        Tensor next = labels.narrow(1, 1, labels.shape[1] - 1), none = full_like(labels.narrow(1, 0, 1), Number(MicroBatch.Ignored));
        return cat([next.masked_fill(next.eq(Number(-100)), Number(MicroBatch.Ignored)), none], 1);
    }
}
