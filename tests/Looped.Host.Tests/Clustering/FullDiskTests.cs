using System.Diagnostics;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Host.Tests.Training;
using Looped.Models.Checkpoints;

namespace Looped.Host.Tests.Clustering;

/// <summary>A disk that is full for a while: training goes on, and afterwards nothing is missing.</summary>
[Collection(nameof(ClusterProcesses))]
public class FullDiskTests(UndisturbedRun undisturbed)
{
    [Theory]
    [InlineData(false), InlineData(true)]
    public async Task A_full_disk_is_visible_and_harmless_even_if_rank_0_dies_meanwhile_with_all_that_it_could_not_write(bool killed)
    {
        using var disk = SmallDisk.Mount(Path.Combine(undisturbed.Folder, "runs", $"small-{killed}"), 64 << 20);
        using var run = new ClusterRun(undisturbed) { Run = new RunFolder(disk.Folder) };
        LoopedProcess seed = await run.Seed("--workers", "2");
        LoopedProcess[] workers = [run.Worker(), run.Worker()];
        await run.WaitForMember(workers[0]);
        await Until(() => CheckpointStore.Steps(run.Run.Checkpoints).Count > 0, seed);
        long before = CheckpointStore.Steps(run.Run.Checkpoints).Max();

        // A checkpoint that fails gives back what it has taken.
        await Until(() =>
        {
            disk.Fill();
            return seed.Output.Contains("lines of each log wait", StringComparison.Ordinal);
        }, seed);
        if (killed)
        {
            LoopedProcess first = workers.Single(w => ClusterRun.NameOf(w) == run.Assignments[^1].Members[0]);
            ClusterRun.Kill(first, TinyRun.SigKill);
            workers = [.. workers.Except([first])];
            await seed.WaitForOutputAsync("the plan is written as soon as");
            await seed.WaitForOutputAsync("runs: 1 worker\n");
        }
        await seed.WaitForOutputAsync("warning: The checkpoint of step");
        Assert.True(CheckpointReader.TryVerify(CheckpointStore.PathOf(run.Run.Checkpoints, before), out _, out string? problem), problem);

        disk.Free();
        await run.Ends(0, [seed, .. workers]);
        Assert.Contains("the lines that waited are there", seed.Output, StringComparison.Ordinal);
        await run.MustBeUndisturbed();
        await run.Ends(0, run.Start("audit", run.Run.Root));
        IReadOnlyList<RunEvent> events = RunEventLog.Read(run.Run, out int unreadable);
        Assert.Equal((0, killed ? 1 : 0, true), (unreadable, events.Count(e => e.Event == RunEventKind.Lost), events.Any(e => e.Event == RunEventKind.CheckpointFailed)));
        Assert.Equal(RunEventKind.Finished, events[^1].Event);
    }

    [Fact(Explicit = true)]
    public async Task A_run_whose_last_checkpoint_nobody_can_write_has_failed_and_is_finished_later()
    {
        using var disk = SmallDisk.Mount(Path.Combine(undisturbed.Folder, "runs", "small"), 64 << 20);
        disk.Fill(but: 3 << 19); // for one checkpoint and the logs
        using var run = new ClusterRun(undisturbed) { Run = new RunFolder(disk.Folder) };
        LoopedProcess seed = await run.Seed("--workers", "2");
        LoopedProcess[] workers = [run.Worker(), run.Worker()];
        await run.Ends(1, [.. workers, seed]);
        Assert.All([seed, .. workers], p => Assert.Contains("the disk or the quota is full", p.Error, StringComparison.Ordinal));
        Assert.Equal([6], CheckpointStore.Steps(run.Run.Checkpoints));

        disk.Free();
        await run.Ends(0, run.Train());
        await run.MustBeUndisturbed();
    }

    private static async Task Until(Func<bool> holds, LoopedProcess seed)
    {
        var waited = Stopwatch.StartNew();
        while (!holds())
        {
            if (waited.Elapsed > TimeSpan.FromSeconds(60)) throw new TimeoutException($"It did not come.\n{seed.Output}\n{seed.Error}");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}
