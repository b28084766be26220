using System.ComponentModel.DataAnnotations;
using Looped.Models.Evaluation.Parity;
using Looped.Models.Families;
using Looped.Models.Randomness;
using Looped.Models.Recipes;

namespace Looped.Models.Tests.Recipes;

/// <summary>A family with a key of every kind, so that the binder is tested apart from any real model.</summary>
internal sealed class ToyFamily : IFamily
{
    public static IReadOnlyList<IFamily> Only { get; } = [new ToyFamily()];

    public string Name => "toy";

    public ModelConfig DefaultConfig { get; } = new ToyConfig { Family = "toy", Width = 64 };

    public IReadOnlyDictionary<string, IParityKind> ParityKinds { get; } = new Dictionary<string, IParityKind>();

    public LanguageModel Create(ModelConfig config, int vocabularySize, RandomStream initialization) => throw new NotSupportedException();

    /// <summary>Binds a whole recipe of this family.</summary>
    public static Recipe Parse(string yaml, params string[] overrides) => RecipeFile.Parse<Recipe>(yaml, "toy.yaml", overrides, Only);
}

internal enum ToyDepth { None, LinearLearned }

internal sealed record ToyPhase
{
    [Range(1, 100)]
    public int Steps { get; init; } = 1;
}

internal sealed record ToyConfig : ModelConfig
{
    [Range(1, 4096)]
    public int Width { get; init; } = 32;

    [Range(1, 64)]
    public int Heads { get; init; } = 2;

    public ToyDepth DepthEmbedding { get; init; }

    public bool Bias { get; init; }

    public double? Scale { get; init; }

    public string? Note { get; init; }

    public IReadOnlyList<ToyPhase> Phases { get; init; } = [];

    public override IEnumerable<RecipeProblem> Problems() =>
        Width % Heads == 0 ? [] : [new RecipeProblem("heads", $"must divide width ({Width})")];
}
