using System.Security.Cryptography;
using Looped.Models.Checkpoints;
using Looped.Tests;

namespace Looped.Models.Tests.Checkpoints;

public sealed class CheckpointTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Checkpoints => _folder["checkpoints"];

    public void Dispose() => _folder.Dispose();

    private static IReadOnlyList<byte[]> Bytes(IEnumerable<NamedTensor> tensors) => [.. tensors.Select(t => t.Data.ToArray())];

    [Fact]
    public void What_is_written_is_loaded_again()
    {
        TrainingSnapshot snapshot = Snapshots.At(100);
        CheckpointWritten written = Snapshots.Write(Checkpoints, 100);
        Assert.Equal(Path.Combine(Checkpoints, "step-000100"), written.Path);
        Assert.Equal(["manifest.json", "model.safetensors", "optimizer.safetensors", "state.json"],
            Directory.GetFiles(written.Path).Select(f => Path.GetFileName(f)).Order());

        LoadedCheckpoint loaded = CheckpointReader.Load(written.Path);
        Assert.Equal(snapshot.Parameters.Select(p => p.Name), loaded.Snapshot.Parameters.Select(p => p.Name));
        Assert.Equal(Bytes(snapshot.Parameters), Bytes(loaded.Snapshot.Parameters));
        Assert.Equal(Bytes(snapshot.Optimizer), Bytes(loaded.Snapshot.Optimizer));
        Assert.Equal(snapshot.State.ToJsonString(), loaded.Snapshot.State.ToJsonString());
        Assert.Equal((100L, "name: quickstart\nseed: 1337\n", 1337L), (loaded.Snapshot.Step, loaded.Info.Recipe, loaded.Info.Seeds["training"]));
        Assert.Equal(StateHash.Of(snapshot), StateHash.Of(loaded.Snapshot));
        Assert.Equal(StateHash.Of(snapshot), loaded.Manifest.StateSha256);
    }

    [Fact]
    public void The_weights_hash_is_that_of_the_parameters_in_order_and_of_the_data_in_the_file()
    {
        TrainingSnapshot snapshot = Snapshots.At(1);
        CheckpointWritten written = Snapshots.Write(Checkpoints, 1);
        byte[] inOrder = [.. Bytes(snapshot.Parameters).SelectMany(b => b)];
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(inOrder)), written.Manifest.WeightsSha256);
        Assert.Equal(inOrder, File.ReadAllBytes(Path.Combine(written.Path, "model.safetensors"))[^inOrder.Length..]);
        Assert.NotEqual(written.Manifest.WeightsSha256, StateHash.OfWeights([.. snapshot.Parameters.Reverse()]));
    }

    [Fact]
    public void The_state_hash_sees_step_state_optimizer_and_names()
    {
        TrainingSnapshot snapshot = Snapshots.At(1);
        var hashes = new HashSet<string>
        {
            StateHash.Of(snapshot),
            StateHash.Of(snapshot with { Step = 2 }),
            StateHash.Of(snapshot with { State = Snapshots.At(2).State }),
            StateHash.Of(snapshot with { Optimizer = Snapshots.At(2).Optimizer }),
            StateHash.Of(snapshot with { Parameters = [snapshot.Parameters[0] with { Name = "other" }, snapshot.Parameters[1]] }),
        };
        Assert.Equal(5, hashes.Count);
        var reordered = new System.Text.Json.Nodes.JsonObject(snapshot.State.Reverse().Select(p => KeyValuePair.Create(p.Key, p.Value?.DeepClone())));
        Assert.Contains(StateHash.Of(snapshot with { State = reordered }), hashes);
    }

    [Fact]
    public void Equal_snapshots_give_equal_files_whoever_writes_them()
    {
        string first = Snapshots.Write(Checkpoints, 5).Path;
        string second = CheckpointWriter.Write(_folder["elsewhere"], Snapshots.At(5), Snapshots.Info, "g9-another").Path;
        foreach (string file in Directory.GetFiles(first))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(second, Path.GetFileName(file))));
    }

    [Fact]
    public void An_equal_checkpoint_that_exists_is_success_and_stays_as_it_is()
    {
        string path = Snapshots.Write(Checkpoints, 5).Path;
        DateTime before = File.GetLastWriteTimeUtc(Path.Combine(path, "manifest.json"));
        CheckpointWritten again = CheckpointWriter.Write(Checkpoints, Snapshots.At(5), Snapshots.Info, "g2-test");
        Assert.True(again.AlreadyThere);
        Assert.Equal(before, File.GetLastWriteTimeUtc(Path.Combine(path, "manifest.json")));
        Assert.Equal([path], Directory.GetDirectories(Checkpoints));
    }

    [Fact]
    public void A_different_checkpoint_that_exists_is_an_error_and_stays_as_it_is()
    {
        string path = Snapshots.Write(Checkpoints, 5).Path;
        byte[] before = File.ReadAllBytes(Path.Combine(path, "model.safetensors"));
        LoopedException error = Assert.Throws<LoopedException>(() =>
            CheckpointWriter.Write(Checkpoints, Snapshots.At(6) with { Step = 5 }, Snapshots.Info, "g2-test"));
        Assert.Contains("A different checkpoint of step 5", error.Message, StringComparison.Ordinal);
        Assert.Equal(before, File.ReadAllBytes(Path.Combine(path, "model.safetensors")));
        Assert.Equal([path], Directory.GetDirectories(Checkpoints));
    }

    [Fact]
    public void A_damaged_checkpoint_of_the_same_step_is_moved_aside_and_not_lost()
    {
        string path = Snapshots.Write(Checkpoints, 5).Path;
        File.Delete(Path.Combine(path, "manifest.json"));
        CheckpointWritten written = Snapshots.Write(Checkpoints, 5);
        Assert.False(written.AlreadyThere);
        Assert.True(File.Exists(Path.Combine(written.MovedAside!, "model.safetensors")));
        Assert.True(CheckpointReader.TryVerify(path, out _, out _));
        Assert.Equal([5L], CheckpointStore.Steps(Checkpoints));
    }

    [Fact]
    public void Every_flipped_byte_and_every_cut_is_noticed()
    {
        string path = Snapshots.Write(Checkpoints, 5).Path;
        foreach (string file in Directory.GetFiles(path))
        {
            byte[] whole = File.ReadAllBytes(file);
            for (int i = 0; i < whole.Length; i++)
            {
                byte[] damaged = [.. whole];
                damaged[i] ^= 0x20; // also turns a letter into the other case, and a digit into another character
                File.WriteAllBytes(file, damaged);
                Assert.False(CheckpointReader.TryVerify(path, out _, out string? problem), $"byte {i} of {file}");
                Assert.NotEmpty(problem);
            }
            File.WriteAllBytes(file, whole[..^1]);
            Assert.False(CheckpointReader.TryVerify(path, out _, out _), $"cut {file}");
            File.WriteAllBytes(file, whole);
        }
        Assert.True(CheckpointReader.TryVerify(path, out _, out _));
    }

    [Theory]
    [InlineData("manifest.json", "no manifest.json")]
    [InlineData("optimizer.safetensors", "optimizer.safetensors is missing")]
    public void A_missing_file_is_named(string file, string reason)
    {
        string path = Snapshots.Write(Checkpoints, 5).Path;
        File.Delete(Path.Combine(path, file));
        Assert.False(CheckpointReader.TryVerify(path, out _, out string? problem));
        Assert.Contains(reason, problem, StringComparison.Ordinal);
        Assert.Contains(reason, Assert.Throws<LoopedException>(() => CheckpointReader.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_renamed_checkpoint_or_a_false_claim_of_the_manifest_is_noticed()
    {
        string path = Snapshots.Write(Checkpoints, 5).Path, renamed = CheckpointStore.PathOf(Checkpoints, 6);
        Directory.Move(path, renamed);
        Assert.False(CheckpointReader.TryVerify(renamed, out _, out string? problem));
        Assert.Contains("named after step 6", problem, StringComparison.Ordinal);

        string manifest = Path.Combine(renamed, "manifest.json");
        CheckpointManifest read = CheckpointManifest.Parse(File.ReadAllBytes(manifest));
        File.WriteAllBytes(manifest, (read with { WeightsSha256 = new('0', 64) }).ToBytes());
        Assert.False(CheckpointReader.TryVerify(renamed, out _, out problem));
        Assert.Contains("weights_sha256", problem, StringComparison.Ordinal);
        File.WriteAllBytes(manifest, (read with { StateSha256 = new('0', 64) }).ToBytes());
        Assert.False(CheckpointReader.TryVerify(renamed, out _, out problem));
        Assert.Contains("state_sha256", problem, StringComparison.Ordinal);
    }
}
