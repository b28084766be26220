using System.Text.Json.Nodes;
using Looped.Models.Data;
using Looped.Models.Evaluation.Parity;
using Looped.Models.Recipes;
using TorchSharp;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Families.Stars;

/// <summary>Reads the reference code's configuration, as it stands in `config` of a vector, as one of ours.</summary>
internal static class StarsReference
{
    private static readonly string[] Structures = ["pre_norm", "post_norm", "sandwich_branch", "sandwich_dual"];
    private static readonly string[] Types = ["LayerNorm", "RMSNorm", "SimpleNorm", "DeepNorm"];

    /// <summary>What the reference calls a structure.</summary>
    public static string NameOf(NormStructure structure) => Structures[(int)structure];

    /// <summary>What the reference calls a norm.</summary>
    public static string NameOf(NormType type) => Types[(int)type];

    /// <summary>The model of a vector, with its weights and in its precision.</summary>
    /// <param name="vector">The vector.</param>
    /// <param name="change">Changes the configuration where the vector says more elsewhere; null for nothing.</param>
    /// <exception cref="LoopedException">Config and weights contradict each other.</exception>
    public static StarsModel Model(ParityVector vector, Func<StarsConfig, StarsConfig>? change = null)
    {
        JsonObject config = vector.Json.Section("config", vector.Path);
        StarsConfig ours = Config(config, vector.Path);
        StarsModel model = StarsFamily.Build(change?.Invoke(ours) ?? ours, config.Integer("vocab_size", vector.Path, absent: 15));
        model.to(vector.Precision);
        ParityWeights.Load(model, vector, StarsNames.FromReference);
        model.to(vector.Device);
        return model;
    }

    /// <summary>Our configuration; what draws the number of loops is left out, because vectors give the number.</summary>
    public static StarsConfig Config(JsonObject arguments, string path)
    {
        bool limit = arguments.Truth("l2_limit", path, absent: false);
        int structure = Find(arguments, "norm_structure", Structures, path), type = Find(arguments, "norm_type", Types, path);
        return new StarsConfig
        {
            Family = StarsFamily.FamilyName,
            Width = arguments.Integer("d_model", path, absent: 512),
            Heads = arguments.Integer("n_heads", path, absent: 8),
            Hidden = arguments.Integer("d_ff", path, absent: 1024),
            SequenceLength = arguments.Integer("max_len", path, absent: 512),
            Layers = arguments.Integer("k_layers", path, absent: 1),
            Loops = arguments.Integer("l_loops", path, absent: 4),
            NormStructure = (NormStructure)structure,
            NormType = (NormType)type,
            DeepnormAlpha = (NormType)type == NormType.DeepNorm ? arguments.Real("deepnorm_alpha", path, absent: 10) : 10,
            Prelude = arguments.Truth("prelude", path, absent: false),
            Coda = arguments.Truth("coda", path, absent: false),
            L2Limit = limit,
            L2Weight = limit ? arguments.Real("l2_weight", path, absent: 1) : 1,
            RegWeight = arguments.Real("reg_weight", path, absent: 0),
            SpectralIters = arguments.Integer("spectral_iters", path, absent: 1),
        };
    }

    /// <summary>Labels of the reference, −100 where nothing is scored, as targets of ours.</summary>
    public static Tensor Targets(Tensor labels) => labels.masked_fill(labels.eq(Number(-100)), Number(MicroBatch.Ignored));

    private static int Find(JsonObject arguments, string key, string[] names, string path)
    {
        string name = arguments.Text(key, path);
        return Array.IndexOf(names, name) is var index and >= 0
            ? index
            : throw new LoopedException($"{path}: the {key} '{name}' is not known; it must be one of {string.Join(", ", names)}{Suggestions.DidYouMean(name, names)}");
    }
}
