using Looped.Actors.Runs;
using Looped.Actors.Training;
using Looped.Models.Checkpoints;

namespace Looped.Host.Tests.Training;

/// <summary>Runs that cannot be: one clear sentence, a telling exit code, nothing lost.</summary>
public class BadRunsTests
{
    private static async Task Refused(int code, string sentence, params string[] args)
    {
        using var run = new TinyRun();
        await Refused(run, code, sentence, args);
    }

    private static async Task Refused(TinyRun run, int code, string sentence, params string[] args)
    {
        LoopedResult result = await run.Train(args);
        Assert.True(result.ExitCode == code, $"exit {result.ExitCode}: {result.Error}");
        Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public Task Missing_data_are_named() => Refused(2, "there is no 'nowhere'", "--set", "data.source=nowhere");

    [Fact]
    public Task A_batch_larger_than_the_data_is_refused() => Refused(2, "A step takes 100000 sequences", "--set", "batch.global_sequences=100000", "--set", "batch.micro_sequences=100");

    [Fact]
    public Task A_sequence_longer_than_the_data_is_refused() => Refused(2, "model.sequence_length is 200000", "--set", "model.sequence_length=200000");

    [Fact]
    public Task A_vocabulary_smaller_than_the_data_s_is_refused() => Refused(2, "model.vocabulary is 10", "--set", "model.vocabulary=10");

    [Fact]
    public Task An_unknown_key_suggests_the_nearest() => Refused(2, "model.width", "--set", "model.widht=64");

    [Fact]
    public Task A_mistyped_value_is_refused() => Refused(2, "training.steps", "--set", "training.steps=many");

    [Fact]
    public Task A_negative_size_is_refused() => Refused(2, "batch.micro_sequences", "--set", "batch.micro_sequences=-2");

    [Theory]
    [InlineData("0"), InlineData("-1")]
    public Task Too_few_workers_are_refused(string workers) => Refused(2, $"--workers is {workers}", $"--workers={workers}", "--dry-run");

    [Fact]
    public async Task A_GPU_that_is_not_there_is_said_before_a_run_folder_is_made()
    {
        Assert.SkipWhen(TorchSharp.torch.cuda.is_available(), "there is a GPU");
        using var run = new TinyRun();
        await Refused(run, 2, "training.device is cuda", "--set", "training.device=cuda");
        Assert.False(Directory.Exists(Path.Combine(run.Folder, "runs")));
    }

    [Fact]
    public Task An_unwritable_run_folder_is_refused() => Refused(1, "/proc/looped", "--run", "/proc/looped");

    [Fact]
    public async Task Empty_data_are_refused()
    {
        using var run = new TinyRun();
        await File.WriteAllTextAsync(Path.Combine(run.Folder, "empty.txt"), "", TestContext.Current.CancellationToken);
        await Refused(run, 2, "empty", "--set", "data.source=empty.txt");
    }

    [Fact]
    public async Task A_truncated_token_file_is_refused()
    {
        using var run = new TinyRun();
        await run.Train("--dry-run");
        string tokens = Directory.GetFiles(Path.Combine(run.Folder, "cache"), "train.bin", SearchOption.AllDirectories).Single();
        using (var file = new FileStream(tokens, FileMode.Open)) file.SetLength(file.Length - 1000);
        await Refused(run, 1, "train.bin");
    }

    [Fact]
    public async Task Data_that_changed_between_resumes_are_refused()
    {
        using var run = new TinyRun();
        using (LoopedProcess process = run.Start())
        {
            await run.WaitForStep(process, 9);
            TinyRun.Kill(process, TinyRun.SigTerm);
            await process.WaitAsync();
        }
        await File.AppendAllTextAsync(Path.Combine(run.Folder, "text.txt"), "One more line of the same letters.\n", TestContext.Current.CancellationToken);
        await Refused(run, 1, "The data set has changed");
    }

    [Fact]
    public async Task Another_recipe_in_the_same_run_folder_is_refused_with_the_keys_that_differ()
    {
        using var run = new TinyRun();
        await run.TrainToEnd();
        await Refused(run, 2, "batch.global_sequences 8 → 16", "--set", "batch.global_sequences=16");
    }

    [Fact]
    public async Task A_second_process_on_a_run_folder_is_refused()
    {
        using var run = new TinyRun();
        using LoopedProcess first = run.Start();
        await run.WaitForStep(first, 1);
        await Refused(run, 1, "is in use by");
        LoopedResult finished = await first.WaitAsync();
        Assert.Equal(0, finished.ExitCode);
    }

    [Fact]
    public async Task A_loss_that_is_not_finite_stops_or_skips_as_the_recipe_says()
    {
        string[] explode = ["--set", "optimizer.learning_rate=1000", "--set", "schedule.name=constant", "--set", "optimizer.clip_norm=0"];
        await Refused(1, "training.on_nonfinite is `stop`", [.. explode, "--set", "training.on_nonfinite=stop"]);

        using var skipping = new TinyRun();
        LoopedResult result = await skipping.Train([.. explode, "--set", "training.on_nonfinite=skip"]);
        Assert.True(result.ExitCode == 0, result.Error);
        Assert.Contains("\"skipped\":true", await File.ReadAllTextAsync(skipping.Run.Metrics, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_disk_while_checkpointing_is_visible_and_training_goes_on_and_with_room_again_nothing_is_missing()
    {
        using var undisturbed = new TinyRun();
        string hashes = await undisturbed.TrainToEnd("--set", "model.width=64");
        long checkpoint = Directory.GetFiles(undisturbed.Checkpoint(TinyRun.Steps)).Sum(f => new FileInfo(f).Length);

        using var run = new TinyRun();
        using var disk = SmallDisk.Mount(run.Run.Root, 16 * checkpoint);
        disk.Fill(but: 3 * checkpoint / 2); // one fits, two do not
        using LoopedProcess process = run.Start("--set", "model.width=64");
        await process.WaitForOutputAsync("Training goes on; earlier checkpoints are intact.");
        await process.WaitForOutputAsync("It is the last one, and is tried again");
        Assert.Contains("the disk or the quota is full", process.Output, StringComparison.Ordinal);
        Assert.Equal([8], CheckpointStore.Steps(run.Run.Checkpoints));
        Assert.True(CheckpointReader.TryVerify(run.Checkpoint(8), out _, out string? problem), problem);

        disk.Free();
        Assert.Equal(0, (await process.WaitAsync()).ExitCode);
        Assert.Equal(hashes, run.Hashes());
        IEnumerable<long> steps = Enumerable.Range(1, TinyRun.Steps).Select(s => (long)s);
        Assert.Equal(steps, StepLog.ReadLines<StepReport>(run.Run.Metrics).Select(s => s.Step));
        Assert.Equal(steps, StepLog.ReadLines<StepAssignment>(run.Run.Steps).Select(s => s.Step));
    }
}
