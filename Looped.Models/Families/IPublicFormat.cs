using System.Text.Json.Nodes;

namespace Looped.Models.Families;

/// <summary>A family of which checkpoints are published as folders with a `config.json` and `model.safetensors`.</summary>
public interface IPublicFormat
{
    /// <summary>The value of `model_type` in such a `config.json`.</summary>
    string ModelType { get; }

    /// <summary>Our configuration of a published one.</summary>
    /// <param name="config">The content of `config.json`.</param>
    /// <param name="path">Where it lies, for errors.</param>
    /// <exception cref="LoopedException">A key is missing, or asks for what is not implemented.</exception>
    ModelConfig FromPublic(JsonObject config, string path);

    /// <summary>The `config.json` of a configuration of ours.</summary>
    /// <param name="config">A configuration of this family.</param>
    /// <param name="vocabularySize">V.</param>
    JsonObject ToPublic(ModelConfig config, int vocabularySize);

    /// <summary>Our name of a published tensor; null for one that is not a parameter.</summary>
    string? ParameterName(string name);
}
