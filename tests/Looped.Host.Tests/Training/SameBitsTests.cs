namespace Looped.Host.Tests.Training;

/// <summary>Real processes, really killed: whatever happens, the weights are those of the undisturbed run, dropout included.</summary>
public class SameBitsTests
{
    private static async Task<string> Undisturbed()
    {
        using var run = new TinyRun();
        return await run.TrainToEnd();
    }

    [Fact]
    public async Task Two_runs_an_interrupted_one_and_a_killed_one_end_in_the_same_bits()
    {
        string expected = await Undisturbed();

        using var again = new TinyRun();
        // Another place for the same run: neither the path nor what is observed changes a bit.
        Assert.Equal(expected, await again.TrainToEnd("--set", "checkpoint.every=5", "--set", "evaluation.every=3"));

        using var interrupted = new TinyRun();
        using (LoopedProcess process = interrupted.Start())
        {
            await interrupted.WaitForStep(process, 11);
            TinyRun.Kill(process, TinyRun.SigInt);
            LoopedResult result = await process.WaitAsync();
            Assert.Equal(130, result.ExitCode);
            Assert.Contains("To continue", result.Output, StringComparison.Ordinal);
        }
        Assert.Equal(expected, await interrupted.TrainToEnd());

        using var killed = new TinyRun();
        using (LoopedProcess process = killed.Start())
        {
            await killed.WaitForStep(process, 19);
            TinyRun.Kill(process, TinyRun.SigKill);
            await process.WaitAsync();
        }
        Assert.Equal(expected, await killed.TrainToEnd());
    }

    [Theory]
    [InlineData(TinyRun.SigTerm)]
    [InlineData(TinyRun.SigUsr1)]
    public async Task Notice_by_a_scheduler_ends_with_a_checkpoint_and_asks_for_a_requeue(int signal)
    {
        using var run = new TinyRun();
        using LoopedProcess process = run.Start();
        await run.WaitForStep(process, 3);
        TinyRun.Kill(process, signal);
        LoopedResult result = await process.WaitAsync();
        Assert.Equal(75, result.ExitCode);
        Assert.NotEmpty(Directory.GetDirectories(run.Run.Checkpoints, "step-*"));
        Assert.Contains("\"status\": \"interrupted\"", await File.ReadAllTextAsync(run.Run.Summary, TestContext.Current.CancellationToken), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_time_limit_drains_like_a_notice()
    {
        using var run = new TinyRun();
        LoopedResult result = await run.Train("--max-time", "0.0001");
        Assert.True(result.ExitCode == 75, result.Output + result.Error);
    }

    [Fact]
    public async Task A_finished_run_says_so_and_extending_it_is_explicit()
    {
        using var run = new TinyRun();
        await run.TrainToEnd("--set", "training.steps=40");
        LoopedResult again = await run.Train();
        Assert.Equal(0, again.ExitCode);
        Assert.Contains("is finished", again.Output, StringComparison.Ordinal);

        LoopedResult longer = await run.Train("--set", "training.steps=44");
        Assert.Equal(2, longer.ExitCode);
        Assert.Contains("--extend", longer.Error, StringComparison.Ordinal);

        LoopedResult extended = await run.Train("--set", "training.steps=44", "--extend");
        Assert.True(extended.ExitCode == 0, extended.Error);
        Assert.True(Directory.Exists(Path.Combine(run.Run.Checkpoints, "step-000044")));

        LoopedResult shorter = await run.Train("--set", "training.steps=20", "--extend");
        Assert.Equal(2, shorter.ExitCode);
    }
}
