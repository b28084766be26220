using System.Diagnostics;
using Looped.Actors.Runs;
using Looped.Host.Tests.Training;
using Looped.Models.Checkpoints;

namespace Looped.Host.Tests.Clustering;

/// <summary>Leaving on notice: after the step, without it, and in time whatever happens.</summary>
[Collection(nameof(ClusterProcesses))]
public class LeavingTests(UndisturbedRun undisturbed)
{
    [Fact]
    public async Task A_worker_with_notice_is_gone_within_three_seconds_and_changes_nothing()
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess seed = await run.Seed("--workers", "2");
        LoopedProcess stays = run.Worker(), leaves = run.Worker();
        await run.WaitForMember(leaves);
        ClusterRun.Kill(leaves, TinyRun.SigUsr1);
        await run.Ends(75, leaves);
        (TimeSpan drain, TimeSpan step) = (run.DrainOf(leaves), run.MedianStep);
        TestContext.Current.TestOutputHelper?.WriteLine($"from notice to end {drain.TotalSeconds:0.00} s, a step {step.TotalSeconds:0.00} s");
        Assert.InRange(drain, TimeSpan.Zero, TimeSpan.FromSeconds(3) + 2 * step);
        await run.Ends(0, seed, stays);
        await run.MustBeUndisturbed();
    }

    [Fact]
    public async Task A_second_Ctrl_C_gives_up_a_step_that_does_not_end_and_changes_nothing()
    {
        using var run = new ClusterRun(undisturbed);
        // Patient enough that nobody takes the stopped worker for dead.
        LoopedProcess seed = await run.Seed("--workers", "2", "--set", "cluster.worker_timeout=60s");
        LoopedProcess stays = run.Worker(), leaves = run.Worker();
        await run.WaitForMember(leaves);
        ClusterRun.Kill(stays, ClusterRun.SigStop);

        ClusterRun.Kill(leaves, TinyRun.SigInt);
        await leaves.WaitForOutputAsync("SIGINT: leaving after the step in progress");
        ClusterRun.Kill(leaves, TinyRun.SigInt); // the same notice
        await Task.Delay(TimeSpan.FromSeconds(2.2), TestContext.Current.CancellationToken);
        Assert.DoesNotContain("again", leaves.Output, StringComparison.Ordinal);
        ClusterRun.Kill(leaves, TinyRun.SigInt);
        await run.Ends(75, leaves);
        Assert.Contains("SIGINT again: leaving at once", leaves.Output, StringComparison.Ordinal);
        Assert.Empty(leaves.Error);

        ClusterRun.Kill(stays, ClusterRun.SigCont);
        await run.Ends(0, seed, stays);
        await run.MustBeUndisturbed();
    }

    [Theory]
    [InlineData("many micro-batches", "batch.micro_sequences=2", false)]
    [InlineData("one that is longer than the grace", "batch.micro_sequences=1120", true)]
    public async Task A_worker_is_gone_when_its_grace_ends_however_long_its_step(string step, string cut, bool killsItself)
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess seed = await run.Seed("--set", "batch.global_sequences=1120", "--set", cut, "--set", "model.repeats=3");
        LoopedProcess worker = run.Worker("--grace", "2");
        await run.WaitForLog(worker, "rank 0 of 1 in generation");

        var grace = Stopwatch.StartNew();
        ClusterRun.Kill(worker, TinyRun.SigUsr1);
        await run.Ends(75, worker);
        TimeSpan took = grace.Elapsed;
        TestContext.Current.TestOutputHelper?.WriteLine($"{step}: gone after {took.TotalSeconds:0.00} s of a grace of 2 s");
        Assert.True(took < TimeSpan.FromSeconds(3), $"it took {took}");
        Assert.Empty(run.Assignments);
        Assert.Equal(killsItself, worker.Error.Contains("of --grace are over", StringComparison.Ordinal));
        ClusterRun.Kill(seed, TinyRun.SigTerm);
        await run.Ends(75, seed);
    }

    [Theory]
    [InlineData(0), InlineData(2)]
    public async Task A_second_Ctrl_C_ends_training_without_the_step_and_with_a_checkpoint_of_the_one_before(int workers)
    {
        using var run = new ClusterRun(undisturbed);
        // No checkpoint but that; and a step that lasts.
        LoopedProcess train = run.Train(["--set", "checkpoint.every=1000", "--set", "batch.global_sequences=720", "--set", "model.repeats=8", .. workers > 0 ? (string[])["--workers", $"{workers}"] : []]);
        await run.WaitForStep(1);
        ClusterRun.Kill(train, TinyRun.SigInt);
        await Task.Delay(TimeSpan.FromSeconds(2.2), TestContext.Current.CancellationToken);
        ClusterRun.Kill(train, TinyRun.SigInt);
        await run.Ends(130, train);
        Assert.Contains("the step in progress is given up", train.Output, StringComparison.Ordinal);
        long step = run.Assignments[^1].Step;
        Assert.Equal([step], CheckpointStore.Steps(run.Run.Checkpoints));
        Assert.Contains($"Stopped after step {step} of 36", train.Output, StringComparison.Ordinal);
        Assert.Equal(RunStatus.Interrupted, RunSummary.Read(run.Run.Summary)!.Status);
    }

    [Fact]
    public async Task A_run_that_is_stopped_in_its_first_step_does_not_speak_of_a_checkpoint()
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess train = run.Train("--set", "batch.global_sequences=720", "--set", "model.repeats=8");
        await train.WaitForOutputAsync("before training");
        ClusterRun.Kill(train, TinyRun.SigInt);
        await Task.Delay(TimeSpan.FromSeconds(2.2), TestContext.Current.CancellationToken);
        ClusterRun.Kill(train, TinyRun.SigInt);
        await run.Ends(130, train);
        Assert.Empty(CheckpointStore.Steps(run.Run.Checkpoints));
        Assert.Contains("Stopped after step 0 of 36; there is no checkpoint yet.", train.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_in_a_terminal_reaches_parent_and_workers_and_the_run_goes_on_later_as_if_nothing_had_been()
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess train = run.Start(["setsid"], ["train", "elastic.yaml", "--run", run.Run.Root, "--workers", "2"]);
        await run.WaitForStep(4);
        TinyRun.KillGroup(train, TinyRun.SigInt);
        await run.Ends(130, train);
        long step = run.Assignments[^1].Step;
        Assert.Contains($"Stopped after step {step} of 36", train.Output, StringComparison.Ordinal);
        Assert.Contains("To continue", train.Output, StringComparison.Ordinal);
        Assert.Contains(step, CheckpointStore.Steps(run.Run.Checkpoints));

        await run.Ends(0, run.Train());
        await run.MustBeUndisturbed();
    }
}
