using System.Text.Json;

namespace Looped.Models.Checkpoints;

/// <summary>The content of `manifest.json`, written last: what a whole checkpoint consists of.</summary>
/// <param name="Format">Version of the layout.</param>
/// <param name="Step">Committed steps.</param>
/// <param name="WeightsSha256">See <see cref="StateHash.OfWeights"/>.</param>
/// <param name="StateSha256">See <see cref="StateHash.Of"/>.</param>
/// <param name="Files">Length and hash of every other file.</param>
public sealed record CheckpointManifest(int Format, long Step, string WeightsSha256, string StateSha256,
    IReadOnlyDictionary<string, CheckpointFile> Files)
{
    /// <summary>The layout this version writes and reads.</summary>
    public const int CurrentFormat = 1;

    internal const string FileName = "manifest.json", Model = "model.safetensors", Optimizer = "optimizer.safetensors", State = "state.json";

    internal byte[] ToBytes() => [.. JsonSerializer.SerializeToUtf8Bytes(this, CheckpointJson.Options), (byte)'\n'];

    /// <summary>Parses a manifest; one that is not exactly as it was written is refused, since no other hash protects it.</summary>
    /// <exception cref="FormatException">The message says why.</exception>
    internal static CheckpointManifest Parse(byte[] bytes)
    {
        CheckpointManifest? manifest;
        try
        {
            manifest = JsonSerializer.Deserialize<CheckpointManifest>(bytes, CheckpointJson.Options);
        }
        catch (JsonException e)
        {
            throw new FormatException($"its manifest is not valid ({e.Message})", e);
        }
        if (manifest is null || !manifest.ToBytes().AsSpan().SequenceEqual(bytes)) throw new FormatException("its manifest was altered");
        if (manifest.Format != CurrentFormat) throw new FormatException($"its format is {manifest.Format}, and this version reads {CurrentFormat}");
        foreach (string name in (string[])[Model, Optimizer, State])
            if (!manifest.Files.ContainsKey(name)) throw new FormatException($"its manifest does not list {name}");
        return manifest;
    }
}

/// <summary>A file of a checkpoint.</summary>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Its hash.</param>
public sealed record CheckpointFile(long Bytes, string Sha256);
