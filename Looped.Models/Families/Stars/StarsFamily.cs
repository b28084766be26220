using Looped.Models.Evaluation.Parity;
using Looped.Models.Families.Ouro;
using Looped.Models.Randomness;

namespace Looped.Models.Families.Stars;

/// <summary>The looped transformer of STARS, trained for stability at any number of loops.</summary>
internal sealed class StarsFamily : IFamily
{
    /// <summary>The family's name.</summary>
    public const string FamilyName = "stars";

    /// <inheritdoc/>
    public string Name => FamilyName;

    /// <inheritdoc/>
    public ModelConfig DefaultConfig { get; } = new StarsConfig { Family = FamilyName };

    /// <summary>Vectors of Ouro are filed under this family too.</summary>
    public IReadOnlyDictionary<string, IParityKind> ParityKinds { get; } = new Dictionary<string, IParityKind>(OuroFamily.Kinds)
    {
        ["forward"] = new ForwardParity(),
        ["regulariser"] = new RegulariserParity(),
        ["train"] = new TrainParity(),
        ["loop_sampler"] = new LoopSamplerParity(),
        ["pca"] = new TrajectoryParity(),
        ["tokenizer_batch"] = new AdditionParity(),
    };

    /// <inheritdoc/>
    public LanguageModel Create(ModelConfig config, int vocabularySize, RandomStream initialization)
    {
        if (config is not StarsConfig stars)
            throw new ArgumentException($"The family {FamilyName} is built from a {nameof(StarsConfig)}, not a {config?.GetType().Name ?? "null"}.", nameof(config));
        StarsModel model = Build(stars, vocabularySize);
        StarsInitialization.Apply(model, initialization);
        return model;
    }

    /// <summary>The model with unset weights.</summary>
    /// <exception cref="UsageException">The configuration contradicts itself.</exception>
    public static StarsModel Build(StarsConfig config, int vocabularySize)
    {
        if (config.Problems().FirstOrDefault() is { Key: not null } problem)
            throw new UsageException($"The model cannot be built: model.{problem.Key}: {problem.Sentence}.");
        return new StarsModel(config, vocabularySize);
    }
}
