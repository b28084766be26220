using System.Text.Json.Nodes;
using Looped.Models.Evaluation.Parity;
using Looped.Models.Layers;
using Looped.Models.Randomness;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Families.Ouro;

/// <summary>Ouro, the public looped language model.</summary>
internal sealed class OuroFamily : IFamily, IPublicFormat
{
    /// <summary>The family's name.</summary>
    public const string FamilyName = "ouro";

    private const double Deviation = 0.02;
    private const int UsualSequence = 2048;

    /// <inheritdoc/>
    public string Name => FamilyName;

    /// <inheritdoc/>
    public ModelConfig DefaultConfig { get; } = new OuroConfig { Family = FamilyName };

    /// <inheritdoc/>
    public string ModelType => FamilyName;

    /// <inheritdoc/>
    public ModelConfig FromPublic(JsonObject config, string path)
    {
        OuroConfig read = OuroReference.Config(config, path);
        return read with
        {
            Vocabulary = config.Integer("vocab_size", path),
            MaxPositions = read.SequenceLength,
            SequenceLength = Math.Min(read.SequenceLength, UsualSequence),
            // At a threshold of 1 a token stops early only where its gate is saturated, which is rounding and not meant.
            Exit = read.ExitThreshold < 1 ? ExitRule.Threshold : ExitRule.Last,
        };
    }

    /// <inheritdoc/>
    public JsonObject ToPublic(ModelConfig config, int vocabularySize) => OuroReference.Json((OuroConfig)config, vocabularySize);

    /// <inheritdoc/>
    public string? ParameterName(string name) => OuroNames.FromReference(name);

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, IParityKind> ParityKinds => Kinds;

    /// <summary>The kinds of vectors; those that exist are filed under the family `stars`.</summary>
    public static IReadOnlyDictionary<string, IParityKind> Kinds { get; } = new Dictionary<string, IParityKind>
    {
        ["ouro"] = new OuroParity(),
        ["ouro_regulariser"] = new OuroRegulariserParity(),
    };

    /// <inheritdoc/>
    public LanguageModel Create(ModelConfig config, int vocabularySize, RandomStream initialization)
    {
        if (config is not OuroConfig ouro)
            throw new ArgumentException($"The family {FamilyName} is built from a {nameof(OuroConfig)}, not a {config?.GetType().Name ?? "null"}.", nameof(config));
        OuroModel model = Build(ouro, vocabularySize);
        using var quiet = no_grad();
        HashSet<string> norms = [.. model.named_modules().Where(m => m.module is RmsNorm).Select(m => $"{m.name}.weight")];
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
        {
            if (name.EndsWith(".bias", StringComparison.Ordinal)) parameter.zero_();
            else if (norms.Contains(name)) parameter.fill_(One);
            else initialization.For(name).FillNormal_(parameter, Deviation);
        }
        return model;
    }

    /// <inheritdoc/>
    public LanguageModel Outline(ModelConfig config, int vocabularySize) => Build((OuroConfig)config, vocabularySize);

    /// <summary>The model with unset weights.</summary>
    /// <exception cref="UsageException">The configuration contradicts itself.</exception>
    public static OuroModel Build(OuroConfig config, int vocabularySize)
    {
        if (config.Problems().FirstOrDefault() is { Key: not null } problem)
            throw new UsageException($"The model cannot be built: model.{problem.Key}: {problem.Sentence}.");
        return new OuroModel(config, vocabularySize);
    }
}
