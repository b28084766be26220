using CsCheck;
using Looped.Models.Checkpoints;
using Looped.Models.Recipes;
using Looped.Tests;

namespace Looped.Models.Tests.Checkpoints;

public sealed class CheckpointStoreTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Checkpoints => _folder["checkpoints"];

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Without_checkpoints_there_is_none_and_no_warning()
    {
        Assert.Null(CheckpointStore.FindNewestVerified(Checkpoints, out IReadOnlyList<string> warnings));
        Assert.Empty(warnings);
        Assert.Empty(CheckpointStore.Steps(Checkpoints));
        Assert.Empty(CheckpointStore.RemoveLeftovers(Checkpoints));
    }

    public static TheoryData<string, Action<string>> Damages => new()
    {
        { "a cut file", p => File.WriteAllBytes(Path.Combine(p, "model.safetensors"), File.ReadAllBytes(Path.Combine(p, "model.safetensors"))[..50]) },
        { "a deleted manifest", p => File.Delete(Path.Combine(p, "manifest.json")) },
        { "an emptied folder", p => { Directory.Delete(p, true); Directory.CreateDirectory(p); } },
        { "a manifest of zeros", p => File.WriteAllBytes(Path.Combine(p, "manifest.json"), new byte[400]) },
    };

    [Theory, MemberData(nameof(Damages))]
    public void The_one_before_a_damaged_checkpoint_is_found_with_a_warning(string what, Action<string> damage)
    {
        foreach (long step in (long[])[50, 100, 1_000_000]) Snapshots.Write(Checkpoints, step);
        damage(CheckpointStore.PathOf(Checkpoints, 1_000_000));
        Assert.Equal(CheckpointStore.PathOf(Checkpoints, 100), CheckpointStore.FindNewestVerified(Checkpoints, out IReadOnlyList<string> warnings));
        Assert.True(warnings is [var only] && only.Contains("step-1000000 is passed over", StringComparison.Ordinal), what);
    }

    [Fact]
    public void A_half_written_temporary_folder_is_ignored_and_only_a_dead_writers_is_removed()
    {
        Snapshots.Write(Checkpoints, 50);
        string dead = CheckpointStore.TemporaryPath(Checkpoints, 100, "g1-dead"), alive = CheckpointStore.TemporaryPath(Checkpoints, 100, "g2-alive");
        string[] others = [_folder["checkpoints/.step-000100.tmp"], _folder["checkpoints/.git"], _folder["checkpoints/step-7"], _folder["checkpoints/notes.tmp"]];
        foreach (string path in (string[])[dead, alive, .. others]) Directory.CreateDirectory(path);
        File.WriteAllText(Path.Combine(dead, "model.safetensors"), "half");

        Assert.Equal(CheckpointStore.PathOf(Checkpoints, 50), CheckpointStore.FindNewestVerified(Checkpoints, out IReadOnlyList<string> warnings));
        Assert.Empty(warnings);
        Assert.Equal([50L], CheckpointStore.Steps(Checkpoints));
        Assert.Equal([dead], CheckpointStore.RemoveLeftovers(Checkpoints, incarnation => incarnation == "g2-alive"));
        Assert.All([alive, .. others], path => Assert.True(Directory.Exists(path)));
    }

    [Fact]
    public void A_deleted_checkpoint_is_gone()
    {
        foreach (long step in (long[])[50, 100]) Snapshots.Write(Checkpoints, step);
        CheckpointStore.Delete(Checkpoints, 50);
        Assert.Equal([CheckpointStore.PathOf(Checkpoints, 100)], Directory.GetDirectories(Checkpoints));
        Assert.Throws<LoopedException>(() => CheckpointStore.Delete(Checkpoints, 50));
    }

    [Fact]
    public void A_run_a_folder_of_checkpoints_or_one_checkpoint_resolves_to_a_checkpoint()
    {
        Snapshots.Write(Checkpoints, 50);
        string path = Snapshots.Write(Checkpoints, 100).Path;
        Assert.Equal(path, CheckpointStore.Resolve(_folder.Root));
        Assert.Equal(path, CheckpointStore.Resolve(Checkpoints));
        Assert.Equal(path, CheckpointStore.Resolve(path));
        Assert.Contains("There is no checkpoint", Assert.Throws<UsageException>(() => CheckpointStore.Resolve(_folder["none"])).Message, StringComparison.Ordinal);
    }

    private static readonly Gen<(long[] Steps, CheckpointRecipe Recipe)> Cases =
        from steps in Gen.Long[0, 40].HashSet[0, 12]
        from last in Gen.Int[1, 4]
        from every in Gen.Int[0, 10]
        from keepBest in Gen.Bool
        select (steps.Order().ToArray(), new CheckpointRecipe { KeepLast = last, KeepEvery = every, KeepBest = keepBest });

    [Fact]
    public void Retention_keeps_the_last_the_multiples_the_best_and_the_newest_whole_one_and_nothing_else() =>
        Gen.Select(Cases, Gen.Int[0, 11], Gen.Int[0, 11]).Sample((c, newestAt, bestAt) =>
        {
            (long[] steps, CheckpointRecipe recipe) = c;
            long? newest = steps.Length == 0 ? null : steps[newestAt % steps.Length], best = steps.Length == 0 ? null : steps[bestAt % steps.Length];
            IReadOnlyList<long> gone = CheckpointRetention.ToDelete(steps, newest, best, recipe);
            foreach (long step in steps)
            {
                bool kept = steps.Count(s => s > step) < recipe.KeepLast || recipe.KeepEvery > 0 && step % recipe.KeepEvery == 0
                    || recipe.KeepBest && step == best || step == newest;
                Assert.Equal(kept, !gone.Contains(step));
            }
        });

    [Fact]
    public void Retention_removes_nothing_while_no_checkpoint_is_known_to_be_whole() =>
        Assert.Empty(CheckpointRetention.ToDelete([1, 2, 3], null, null, new CheckpointRecipe { KeepLast = 1 }));

    [Theory]
    [InlineData("step-000100", 100L)]
    [InlineData("step-1234567/", 1234567L)]
    [InlineData("step-100", null)]
    [InlineData("step-0000100", null)]
    [InlineData("step-+00100", null)]
    [InlineData(".step-000100", null)]
    public void Only_the_exact_name_is_a_checkpoint(string name, long? step) => Assert.Equal(step, CheckpointStore.StepOf(Path.Combine("run", name)));
}
