using System.Text.Json.Nodes;

namespace Looped.Models.Checkpoints;

/// <summary>
/// What a checkpoint says about the run it belongs to. Nothing in it may depend on time, host, path or who writes: whoever writes
/// the checkpoint of a step writes the same.
/// </summary>
/// <param name="RecipeIdentity">Hash of everything in the recipe that can change the weights.</param>
/// <param name="DataSha256">Hash of the training data.</param>
/// <param name="Numerics">The numerics fingerprint: instruction set, threads, library versions that the bits depend on.</param>
/// <param name="Versions">Library versions, for people.</param>
/// <param name="Seeds">Every seed by its purpose.</param>
/// <param name="Metrics">Metrics so far; finite numbers, texts and nested objects.</param>
/// <param name="Recipe">The resolved recipe as YAML text.</param>
public sealed record CheckpointInfo(string RecipeIdentity, string DataSha256, string Numerics, IReadOnlyDictionary<string, string> Versions,
    IReadOnlyDictionary<string, long> Seeds, JsonObject Metrics, string Recipe);

/// <summary>The content of `state.json`.</summary>
internal sealed record CheckpointState(int Format, long Step, JsonObject State, CheckpointInfo Run);
