using Looped.Models.Evaluation.Parity;
using Looped.Models.Randomness;

namespace Looped.Models.Families;

/// <summary>What a family's folder offers to the rest of the house. Adding a family is one folder and one line in <see cref="FamilyRegistry"/>.</summary>
public interface IFamily
{
    /// <summary>The value of `model.family` and of `family` in reference vectors.</summary>
    string Name { get; }

    /// <summary>The record of its `model` keys, with the defaults.</summary>
    ModelConfig DefaultConfig { get; }

    /// <summary>Builds a float32 CPU model with initial weights drawn from <paramref name="initialization"/>.</summary>
    /// <param name="config">A configuration of this family.</param>
    /// <param name="vocabularySize">V: the configured vocabulary, or the tokenizer's where that is 0.</param>
    /// <param name="initialization">Names the initial weights; each parameter draws from <c>For(name)</c>, so order does not matter.</param>
    LanguageModel Create(ModelConfig config, int vocabularySize, RandomStream initialization);

    /// <summary>As <see cref="Create"/>, for counting what it has: families whose models are large leave their weights unset, which costs neither time nor memory.</summary>
    LanguageModel Outline(ModelConfig config, int vocabularySize) => Create(config, vocabularySize, RandomStream.Create(0, "outline"));

    /// <summary>The kinds of reference vectors this family can run.</summary>
    IReadOnlyDictionary<string, IParityKind> ParityKinds { get; }
}
