using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using System.Text.Json;

namespace Looped.Models.Checkpoints;

/// <summary>A checkpoint read back.</summary>
/// <param name="Path">Its folder.</param>
/// <param name="Snapshot">Parameters, optimizer and training state.</param>
/// <param name="Info">What it says about its run.</param>
/// <param name="Manifest">Its hashes.</param>
public sealed record LoadedCheckpoint(string Path, TrainingSnapshot Snapshot, CheckpointInfo Info, CheckpointManifest Manifest);

/// <summary>Checks and reads checkpoints. Nothing is handed out whose hashes were not checked.</summary>
public static class CheckpointReader
{
    /// <summary>Reads every byte of a checkpoint and compares it with the manifest.</summary>
    /// <param name="path">The folder of the checkpoint.</param>
    /// <param name="manifest">The manifest, if all is well.</param>
    /// <param name="problem">What is wrong, such as <c>model.safetensors has 10 of 20 bytes</c>; fits after "because".</param>
    public static bool TryVerify(string path, [NotNullWhen(true)] out CheckpointManifest? manifest, [NotNullWhen(false)] out string? problem) =>
        TryRead(path, out manifest, out _, out problem);

    /// <summary>Checks a checkpoint and reads it.</summary>
    /// <exception cref="LoopedException">It is torn or altered; the message says where.</exception>
    public static LoadedCheckpoint Load(string path)
    {
        if (!TryRead(path, out CheckpointManifest? manifest, out CheckpointState? state, out string? problem))
            throw new LoopedException($"The checkpoint {path} cannot be used: {problem}.");
        var snapshot = new TrainingSnapshot(state.Step, SafetensorsFile.ReadAll(Path.Combine(path, CheckpointManifest.Model)),
            SafetensorsFile.ReadAll(Path.Combine(path, CheckpointManifest.Optimizer)), state.State);
        return new(path, snapshot, state.Run, manifest);
    }

    /// <summary>What a checkpoint says about its run; quick, because its tensors are not looked at.</summary>
    /// <param name="path">The folder of the checkpoint.</param>
    /// <exception cref="LoopedException">Its state.json cannot be read.</exception>
    public static CheckpointInfo ReadInfo(string path) => ReadState(path).Run;

    private static bool TryRead(string path, [NotNullWhen(true)] out CheckpointManifest? manifest,
        [NotNullWhen(true)] out CheckpointState? state, [NotNullWhen(false)] out string? problem)
    {
        (manifest, state) = (null, null);
        try
        {
            string manifestPath = Path.Combine(path, CheckpointManifest.FileName);
            if (!File.Exists(manifestPath)) throw new FormatException("it has no manifest.json, so it was never finished or was altered");
            CheckpointManifest read = CheckpointManifest.Parse(File.ReadAllBytes(manifestPath));
            foreach ((string name, CheckpointFile expected) in read.Files) CheckFile(Path.Combine(path, name), name, expected);
            state = ParseState(path);
            CheckAgainst(read, path, state);
            (manifest, problem) = (read, null);
            return true;
        }
        catch (FormatException e)
        {
            problem = e.Message;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            problem = $"it cannot be read ({e.Message})";
        }
        state = null;
        return false;
    }

    private static void CheckFile(string path, string name, CheckpointFile expected)
    {
        if (!File.Exists(path)) throw new FormatException($"{name} is missing");
        using FileStream file = OpenForReading(path);
        if (file.Length != expected.Bytes) throw new FormatException($"{name} has {file.Length} bytes instead of {expected.Bytes}");
        if (Convert.ToHexStringLower(SHA256.HashData(file)) != expected.Sha256) throw new FormatException($"{name} was altered: its SHA-256 differs from the manifest");
    }

    /// <summary>Reads state.json without comparing it with the manifest.</summary>
    /// <exception cref="LoopedException">It cannot be read.</exception>
    internal static CheckpointState ReadState(string path)
    {
        try
        {
            return ParseState(path);
        }
        catch (Exception e) when (e is FormatException or IOException or UnauthorizedAccessException)
        {
            throw new LoopedException($"The checkpoint {path} cannot be read: {e.Message}.", e);
        }
    }

    private static CheckpointState ParseState(string path)
    {
        try
        {
            using FileStream file = OpenForReading(Path.Combine(path, CheckpointManifest.State));
            return JsonSerializer.Deserialize<CheckpointState>(file, CheckpointJson.Options) ?? throw new FormatException("state.json is empty");
        }
        catch (JsonException e)
        {
            throw new FormatException($"state.json is not valid ({e.Message})", e);
        }
    }

    /// <summary>The manifest's own claims, which no file hash covers.</summary>
    private static void CheckAgainst(CheckpointManifest manifest, string path, CheckpointState state)
    {
        if (state.Step != manifest.Step) throw new FormatException("state.json is of another step than the manifest");
        string hash = StateHash.Combine(manifest.Step, manifest.Files[CheckpointManifest.Model].Sha256,
            manifest.Files[CheckpointManifest.Optimizer].Sha256, state.State);
        if (hash != manifest.StateSha256) throw new FormatException("its state_sha256 does not match its files");
        if (WeightsHash(Path.Combine(path, CheckpointManifest.Model)) != manifest.WeightsSha256)
            throw new FormatException("its weights_sha256 does not match model.safetensors");
        if (CheckpointStore.StepOf(path) is { } named && named != manifest.Step)
            throw new FormatException($"its folder is named after step {named} and its manifest says {manifest.Step}");
    }

    private static string WeightsHash(string model)
    {
        using FileStream file = OpenForReading(model);
        Span<byte> prefix = stackalloc byte[SafetensorsHeader.PrefixLength];
        file.ReadExactly(prefix);
        file.Position = SafetensorsHeader.PrefixLength + BitConverter.ToInt64(prefix);
        return Convert.ToHexStringLower(SHA256.HashData(file));
    }

    // The widest sharing: a reader must not stand in the way of retention.
    private static FileStream OpenForReading(string path) =>
        new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1 << 16, FileOptions.SequentialScan);
}
