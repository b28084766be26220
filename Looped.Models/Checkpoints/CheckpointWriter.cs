using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Looped.Models.Checkpoints;

/// <summary>What became of a write.</summary>
/// <param name="Path">The checkpoint.</param>
/// <param name="Manifest">Its manifest.</param>
/// <param name="Bytes">Length of all files.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="AlreadyThere">Whether an equal checkpoint was there before, and nothing was changed.</param>
/// <param name="MovedAside">Where a damaged checkpoint of the same step was moved to, or null.</param>
public sealed record CheckpointWritten(string Path, CheckpointManifest Manifest, long Bytes, double Seconds, bool AlreadyThere, string? MovedAside);

/// <summary>
/// Writes checkpoints so that one is whole or not there: files, then the manifest, into a temporary folder, each synced to disk; then one
/// rename. A rename never replaces. Two writers of the same step do no harm: they write the same, and the second finds the first's.
/// </summary>
public static class CheckpointWriter
{
    /// <summary>Writes the checkpoint of a snapshot.</summary>
    /// <param name="checkpoints">The run's folder of checkpoints; made if it is missing.</param>
    /// <param name="snapshot">What to write. Equal snapshots give equal files.</param>
    /// <param name="info">What to say about the run.</param>
    /// <param name="incarnation">Generation and process of this writer, such as <c>g7-3f9a</c>; letters, digits, <c>-</c> and <c>_</c>.</param>
    /// <exception cref="LoopedException">Not written (disk full, no permission, a different checkpoint of this step exists); earlier ones are intact.</exception>
    public static CheckpointWritten Write(string checkpoints, TrainingSnapshot snapshot, CheckpointInfo info, string incarnation) =>
        Write(checkpoints, snapshot, info, incarnation, path => new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read));

    /// <summary>The same with a way to create files, so that a test can fill the disk.</summary>
    internal static CheckpointWritten Write(string checkpoints, TrainingSnapshot snapshot, CheckpointInfo info, string incarnation,
        Func<string, FileStream> create)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        var watch = Stopwatch.StartNew();
        string target = CheckpointStore.PathOf(checkpoints, snapshot.Step);
        string temporary = CheckpointStore.TemporaryPath(checkpoints, snapshot.Step, incarnation);
        try
        {
            Directory.CreateDirectory(checkpoints);
            CheckpointStore.RemoveFolder(temporary); // our own, from a write that failed
            Directory.CreateDirectory(temporary);
            CheckpointManifest manifest = WriteFiles(temporary, snapshot, info, create);
            bool isNew = Publish(temporary, target, manifest, incarnation, out string? movedAside);
            return new(target, manifest, manifest.Files.Values.Sum(f => f.Bytes), watch.Elapsed.TotalSeconds, !isNew, movedAside);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            CheckpointStore.TryRemoveFolder(temporary);
            throw DurableFiles.Explain(e, $"The checkpoint of step {snapshot.Step} cannot be written to {checkpoints}");
        }
        catch
        {
            CheckpointStore.TryRemoveFolder(temporary);
            throw;
        }
    }

    private static CheckpointManifest WriteFiles(string folder, TrainingSnapshot snapshot, CheckpointInfo info, Func<string, FileStream> create)
    {
        CheckpointFile WriteFile(string name, Action<Stream> write)
        {
            using FileStream file = create(Path.Combine(folder, name));
            using HashingStream hashing = new(file);
            write(hashing);
            file.Flush(flushToDisk: true);
            return new(hashing.Length, hashing.Sha256);
        }

        CheckpointFile model = WriteFile(CheckpointManifest.Model, s => SafetensorsWriter.Write(s, snapshot.Parameters));
        CheckpointFile optimizer = WriteFile(CheckpointManifest.Optimizer, s => SafetensorsWriter.Write(s, snapshot.Optimizer));
        var state = new CheckpointState(CheckpointManifest.CurrentFormat, snapshot.Step, snapshot.State, info with { Metrics = (JsonObject)snapshot.Metrics.DeepClone() });
        var manifest = new CheckpointManifest(CheckpointManifest.CurrentFormat, snapshot.Step, StateHash.OfWeights(snapshot.Parameters),
            StateHash.Combine(snapshot.Step, model.Sha256, optimizer.Sha256, snapshot.State),
            new SortedDictionary<string, CheckpointFile>(StringComparer.Ordinal)
            {
                [CheckpointManifest.Model] = model,
                [CheckpointManifest.Optimizer] = optimizer,
                [CheckpointManifest.State] = WriteFile(CheckpointManifest.State, s => JsonSerializer.Serialize(s, state, CheckpointJson.Options)),
            });
        WriteFile(CheckpointManifest.FileName, s => s.Write(manifest.ToBytes()));
        DurableFiles.SyncFolder(folder);
        return manifest;
    }

    /// <summary>Gives the finished folder its name; false if an equal checkpoint already has it.</summary>
    private static bool Publish(string temporary, string target, CheckpointManifest manifest, string incarnation, out string? movedAside)
    {
        movedAside = null;
        for (int attempt = 0; ; attempt++)
        {
            try
            {
                Directory.Move(temporary, target); // fails if the target exists: a checkpoint is never empty, so no rename can replace it
                DurableFiles.SyncFolder(Path.GetDirectoryName(target)!);
                return true;
            }
            catch (IOException) when (Directory.Exists(target) && attempt < 2)
            {
                if (CheckpointReader.TryVerify(target, out CheckpointManifest? existing, out _))
                {
                    if (existing.StateSha256 != manifest.StateSha256)
                        throw new LoopedException($"A different checkpoint of step {manifest.Step} is already at {target}: its state is {existing.StateSha256[..12]}…, " +
                            $"ours is {manifest.StateSha256[..12]}…. The same recipe must give the same bits; compare the two runs with `looped diff`, or use another run folder.");
                    CheckpointStore.RemoveFolder(temporary);
                    return false;
                }
                // What is there cannot be restored from, and would hide ours for ever.
                movedAside = CheckpointStore.MoveAside(target, incarnation);
            }
        }
    }
}
