using Looped.Models.Evaluation.Parity;
using Looped.Models.Randomness;

namespace Looped.Models.Families.CoTFormer;

/// <summary>The CoTFormer family: transformers whose repeats see the keys of the repeats before them.</summary>
internal sealed class CoTFormerFamily : IFamily
{
    /// <summary>The family's name.</summary>
    public const string FamilyName = "cotformer";

    /// <inheritdoc/>
    public string Name => FamilyName;

    /// <inheritdoc/>
    public ModelConfig DefaultConfig { get; } = new CoTFormerConfig { Family = FamilyName };

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, IParityKind> ParityKinds { get; } = new Dictionary<string, IParityKind>
    {
        ["forward"] = new ForwardParity(),
        ["train"] = new TrainParity(),
        ["learning_rate"] = new LearningRateParity(),
        ["length_factors"] = new LengthFactorsParity(),
        ["router_weights"] = new RouterWeightsParity(),
        ["macs"] = new MacsParity(),
    };

    /// <inheritdoc/>
    public LanguageModel Create(ModelConfig config, int vocabularySize, RandomStream initialization)
    {
        CoTFormerModel model = Build(Own(config), vocabularySize);
        CoTFormerInitialization.Apply(model, model.Config.Layers, initialization);
        return model;
    }

    /// <inheritdoc/>
    public LanguageModel Outline(ModelConfig config, int vocabularySize) => Build(Own(config), vocabularySize);

    /// <summary>The variant with unset weights.</summary>
    /// <exception cref="UsageException">The configuration contradicts itself, or its variant does not exist.</exception>
    public static CoTFormerModel Build(CoTFormerConfig config, int vocabularySize)
    {
        if (config.Problems().FirstOrDefault() is { Key: not null } problem)
            throw new UsageException($"The model cannot be built: model.{problem.Key}: {problem.Sentence}.");
        return config.Traits().Create(config, vocabularySize);
    }

    private static CoTFormerConfig Own(ModelConfig config) => config as CoTFormerConfig
        ?? throw new ArgumentException($"The family {FamilyName} is built from a {nameof(CoTFormerConfig)}, not a {config?.GetType().Name ?? "null"}.", nameof(config));
}
