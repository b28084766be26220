using System.Diagnostics;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Host.Tests.Training;
using Looped.Models.Checkpoints;

namespace Looped.Host.Tests.Clustering;

/// <summary>Workers come and go, and the weights are those of one undisturbed worker, to the bit. Several events share a run: processes are dear.</summary>
[Collection(nameof(ClusterProcesses))]
public class ElasticRunTests(UndisturbedRun undisturbed)
{
    [Theory]
    [InlineData("true"), InlineData("false")]
    public async Task Two_worker_processes_give_the_bits_of_one_through_shared_memory_and_over_TCP(string sharedMemory)
    {
        using var run = new ClusterRun(undisturbed);
        await run.Ends(0, run.Train("--workers", "2", "--set", $"cluster.shared_memory={sharedMemory}"));
        await run.MustBeUndisturbed();
        Assert.Contains(run.Assignments, a => a.Members.Count == 2);
    }

    [Fact]
    public async Task A_killed_worker_one_that_has_notice_and_one_that_comes_late_change_nothing()
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess seed = await run.Seed("--workers", "3");
        LoopedProcess stays = run.Worker(), killed = run.Worker(), leaves = run.Worker();
        await run.WaitForMember(killed);
        await run.WaitForMember(leaves);

        ClusterRun.Kill(killed, TinyRun.SigKill);
        LoopedProcess late = run.Worker();
        await run.WaitForAbsence(killed);

        ClusterRun.Kill(leaves, TinyRun.SigTerm);
        await run.Ends(75, leaves);
        await run.Ends(0, seed, stays, late);
        await run.MustBeUndisturbed();
        MustTell(run, stays, killed, leaves);
        await run.Ends(0, run.Start("audit", run.Run.Root));
    }

    /// <summary>The run folder tells who came and went, in events and in the log of each process.</summary>
    private static void MustTell(ClusterRun run, LoopedProcess stays, LoopedProcess killed, LoopedProcess leaves)
    {
        IReadOnlyList<RunEvent> events = RunEventLog.Read(run.Run, out int unreadable);
        string[] Workers(RunEventKind kind) => [.. events.Where(e => e.Event == kind).Select(e => e.Worker!)];
        Assert.Equal((0, RunEventKind.Started, RunEventKind.Finished), (unreadable, events[0].Event, events[^1].Event));
        Assert.Superset(run.Assignments.SelectMany(a => a.Members).ToHashSet(), Workers(RunEventKind.Joined).ToHashSet());
        Assert.Equal([ClusterRun.NameOf(killed)], Workers(RunEventKind.Lost));
        Assert.Equal([ClusterRun.NameOf(leaves)], Workers(RunEventKind.Left));
        Assert.Equal("SIGTERM", events.Single(e => e.Event == RunEventKind.Left).Reason);
        RunEvent recovered = events.Single(e => e.Event == RunEventKind.Recovered);
        Assert.InRange(recovered.Seconds!.Value, 0, 60);
        Assert.Equal(CheckpointStore.Steps(run.Run.Checkpoints)[^1], events.Last(e => e.Event == RunEventKind.Checkpoint).Step);
        Assert.Contains("SIGTERM: leaving after the step in progress", run.LogOf(leaves), StringComparison.Ordinal);
        Assert.Contains($"lost: {ClusterRun.NameOf(killed)}", run.LogOf(stays), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stopped_worker_that_comes_back_and_a_seed_that_is_killed_and_restarted_change_nothing()
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess seed = await run.Seed("--workers", "2");
        LoopedProcess stays = run.Worker(), sleeps = run.Worker();
        await run.WaitForMember(sleeps);

        ClusterRun.Kill(sleeps, ClusterRun.SigStop);
        await run.WaitForAbsence(sleeps);
        ClusterRun.Kill(sleeps, ClusterRun.SigCont);

        ClusterRun.Kill(seed, TinyRun.SigKill);
        await seed.WaitAsync();
        // Nobody needs a seed to go on.
        await run.WaitForStep(run.Assignments[^1].Step + 2);
        LoopedProcess successor = await run.Seed();

        await run.Ends(0, successor, stays, sleeps);
        await run.MustBeUndisturbed();
    }

    [Fact]
    public async Task A_run_is_interrupted_then_killed_with_its_parent_then_resumed_by_one_process_and_nothing_changes()
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess interrupted = run.Train("--workers", "2");
        await run.WaitForStep(4);
        int[] workers = WorkersOf(interrupted);
        ClusterRun.Kill(interrupted, TinyRun.SigInt);
        await run.Ends(130, interrupted);
        Assert.All(workers, w => Assert.False(Lives(w), $"worker {w} outlives its run"));
        Assert.Contains("To continue", interrupted.Output, StringComparison.Ordinal);

        LoopedProcess killed = run.Train("--workers", "3");
        await run.WaitForStep(run.Assignments[^1].Step + 5);
        workers = WorkersOf(killed);
        ClusterRun.Kill(killed, TinyRun.SigKill);
        await killed.WaitAsync();
        await MustEnd(workers);

        await run.Ends(0, run.Train());
        await run.MustBeUndisturbed();
    }

    /// <summary>The ids that <c>train --workers</c> says.</summary>
    internal static int[] WorkersOf(LoopedProcess train)
    {
        string line = train.Output.Split('\n').Single(l => l.Contains(" worker processes: ", StringComparison.Ordinal));
        return [.. line.Split(": ")[1].Split(';')[0].Split(", ").Select(int.Parse)];
    }

    private static async Task MustEnd(int[] processes)
    {
        var waited = Stopwatch.StartNew();
        while (processes.Any(Lives))
        {
            Assert.True(waited.Elapsed < TimeSpan.FromSeconds(60), "a worker outlives its parent");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Whether a process runs; one that has ended and that nobody has asked about does not.</summary>
    private static bool Lives(int process)
    {
        try
        {
            string stat = File.ReadAllText($"/proc/{process}/stat");
            return stat[stat.LastIndexOf(')') + 2] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }
}
