namespace Looped.Host.Tests.Training;

/// <summary>The newest checkpoint is damaged: the next start says so, uses the one before, and ends in the same bits.</summary>
public class DamagedCheckpointTests
{
    [Fact]
    public async Task Every_kind_of_damage_is_noticed_and_costs_only_the_steps_since_the_one_before()
    {
        using var run = new TinyRun();
        string expected = await run.TrainToEnd();
        foreach ((string damage, Action<string> harm) in new (string, Action<string>)[]
        {
            ("truncated", c => Shorten(Path.Combine(c, "model.safetensors"))),
            ("flipped", c => Flip(Path.Combine(c, "optimizer.safetensors"))),
            ("no manifest", c => File.Delete(Path.Combine(c, "manifest.json"))),
            ("half written", c =>
            {
                // As a kill during the write leaves it: a temporary folder, no checkpoint.
                Directory.Move(c, Path.Combine(Path.GetDirectoryName(c)!, $".{Path.GetFileName(c)}.g1-1.tmp"));
            }),
        })
        {
            File.Delete(run.Run.Summary);
            string newest = Path.Combine(run.Run.Checkpoints, $"step-{TinyRun.Steps:D6}");
            harm(newest);
            LoopedResult result = await run.Train();
            Assert.True(result.ExitCode == 0, $"{damage}: {result.Error}");
            if (damage != "half written")
                Assert.Contains("step-000040 is passed over", result.Error, StringComparison.Ordinal);
            Assert.Contains("continuing after step 32", result.Output, StringComparison.Ordinal);
            Assert.Equal(expected, run.Hashes());
        }
    }

    [Fact]
    public async Task A_run_without_any_checkpoint_that_verifies_begins_anew_and_says_so()
    {
        using var run = new TinyRun();
        string expected = await run.TrainToEnd();
        File.Delete(run.Run.Summary);
        foreach (string checkpoint in Directory.GetDirectories(run.Run.Checkpoints)) Shorten(Path.Combine(checkpoint, "model.safetensors"));
        LoopedResult result = (await run.Train()).Expect(0);
        Assert.Contains("No checkpoint in runs/tiny/checkpoints verifies, so the run begins anew", result.Error, StringComparison.Ordinal);
        Assert.Equal(expected, run.Hashes());
    }

    [Fact]
    public async Task A_kill_in_the_middle_of_writing_leaves_a_run_that_continues_with_the_same_bits()
    {
        using var reference = new TinyRun();
        string expected = await reference.TrainToEnd();
        using var run = new TinyRun();
        using (LoopedProcess process = run.Start())
        {
            // The temporary folder of a checkpoint appears: kill while it is being written.
            using var watcher = new FileSystemWatcher(Directory.CreateDirectory(run.Run.Checkpoints).FullName) { EnableRaisingEvents = true };
            var writing = new TaskCompletionSource();
            watcher.Created += (_, e) =>
            {
                if (!e.Name!.StartsWith(".step-000016", StringComparison.Ordinal)) return;
                TinyRun.Kill(process, TinyRun.SigKill);
                writing.TrySetResult();
            };
            await writing.Task.WaitAsync(TimeSpan.FromSeconds(60), TestContext.Current.CancellationToken);
            await process.WaitAsync();
        }
        Assert.Equal(expected, await run.TrainToEnd());
    }

    private static void Shorten(string path)
    {
        using var file = new FileStream(path, FileMode.Open);
        file.SetLength(file.Length - 100);
    }

    private static void Flip(string path)
    {
        using var file = new FileStream(path, FileMode.Open);
        file.Position = file.Length / 2;
        int value = file.ReadByte();
        file.Position--;
        file.WriteByte((byte)(value ^ 1));
    }
}
