using System.ComponentModel.DataAnnotations;
using Looped.Models.Recipes;

namespace Looped.Models.Families;

/// <summary>The `model` section of a recipe. Each family derives its own record with its own keys and documented defaults.</summary>
public abstract record ModelConfig
{
    /// <summary>The family of models (see `looped recipe keys`); it decides which other keys exist.</summary>
    [Required]
    public string Family { get; init; } = "";

    /// <summary>Rows of the token embedding; 0 takes the tokenizer's vocabulary. A larger number pads it (GPT-2's 50257 to 50304).</summary>
    [Range(0, int.MaxValue)]
    public int Vocabulary { get; init; }

    /// <summary>T, the number of tokens in a training sequence.</summary>
    [Range(1, 1 << 20)]
    public int SequenceLength { get; init; } = 128;

    /// <summary>Weights to begin with: a published folder (`config.json` and `model.safetensors`, whole or in parts), a run or checkpoint folder, or a safetensors file; empty draws them.</summary>
    public string Weights { get; init; } = "";

    /// <summary>What is wrong with the combination of keys, beyond each key's own range: (key, sentence) pairs; empty if nothing is.</summary>
    public virtual IEnumerable<RecipeProblem> Problems() => [];
}
