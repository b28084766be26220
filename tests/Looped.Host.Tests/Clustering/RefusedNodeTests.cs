using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Looped.Host.Tests.Training;

namespace Looped.Host.Tests.Clustering;

/// <summary>Nodes that cannot take part: one clear sentence, a telling exit code, and the cluster does not notice.</summary>
[Collection(nameof(ClusterProcesses))]
public class RefusedNodeTests(UndisturbedRun undisturbed)
{
    [Fact]
    public async Task A_worker_without_a_seed_says_what_to_check()
    {
        using var nobody = new TcpListener(IPAddress.Loopback, 0);
        nobody.Start();
        int port = ((IPEndPoint)nobody.LocalEndpoint).Port;
        nobody.Stop();
        using var run = new ClusterRun(undisturbed);
        await MustSay(run.Start("worker", "--seed", $"127.0.0.1:{port}", "--wait", "1"), 69, $"No seed answered at 127.0.0.1:{port}");
    }

    [Fact]
    public async Task Nodes_that_do_not_fit_are_told_why_and_the_run_goes_on_as_if_they_had_not_come()
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess seed = await run.Seed();
        string elsewhere = Directory.CreateDirectory(Path.Combine(undisturbed.Folder, "elsewhere")).FullName;
        await File.WriteAllTextAsync(Path.Combine(elsewhere, "text.txt"), string.Concat(Enumerable.Repeat("Other words.\n", 4000)), TestContext.Current.CancellationToken);

        LoopedProcess stranger = run.Start([], ["worker", "--seed", run.Address, "--wait", "5"], secret: "a secret of somebody else");
        LoopedProcess otherData = run.Start([], ["worker", "--seed", run.Address], folder: elsewhere);
        LoopedProcess noFolder = run.Worker("--run", Path.Combine(elsewhere, "not-mounted"));
        LoopedProcess samePort = run.Start("seed", "elastic.yaml", "--run", Path.Combine(elsewhere, "run"), "--listen", run.Address);
        LoopedProcess sameFolder = run.Start("seed", "elastic.yaml", "--run", run.Run.Root, "--listen", "127.0.0.1:0");
        await MustSay(stranger, 69, "both have the same secret");
        await MustSay(otherData, 1, "have another hash here");
        await MustSay(noFolder, 1, "is not visible here");
        await MustSay(samePort, 1, run.Address);
        await MustSay(sameFolder, 1, "is in use by");

        (int first, int last) = FreePorts();
        LoopedProcess worker = run.Worker("--port-range", $"{first}-{last}");
        await run.WaitForMember(worker);
        int[] listens = [.. ListeningSockets.Of(worker.Id)];
        Assert.Equal(2, listens.Length);
        Assert.All(listens, port => Assert.InRange(port, first, last));
        await run.Ends(0, seed, worker);
        await run.MustBeUndisturbed();
        Assert.All(run.Assignments, a => Assert.Equal([ClusterRun.NameOf(worker)], a.Members));
    }

    [Fact]
    public async Task A_seed_that_cannot_read_its_run_folder_says_which_file_and_what_to_do()
    {
        using var run = new ClusterRun(undisturbed);
        string plan = Path.Combine(Directory.CreateDirectory(run.Run.Generations).FullName, "plan-00000001-term-000001.json");
        await File.WriteAllTextAsync(plan, "{", TestContext.Current.CancellationToken);
        await MustSay(run.Start("seed", "elastic.yaml", "--run", run.Run.Root, "--listen", "127.0.0.1:0"), 1, $"{plan} cannot be read");
    }

    [Fact]
    public async Task A_copy_of_the_run_folder_is_not_taken_for_it()
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess seed = await run.Seed();
        string copy = Path.Combine(undisturbed.Folder, "copy");
        using (Process cp = Process.Start("cp", ["-a", run.Run.Root, copy])) await cp.WaitForExitAsync(TestContext.Current.CancellationToken);
        string[] before = Directory.GetFiles(copy, "*", SearchOption.AllDirectories);

        LoopedProcess[] strangers =
        [
            run.Worker("--run", copy),
            run.Start("evaluator", "--seed", run.Address, "--run", copy),
            run.Start("seed", "elastic.yaml", "--run", copy, "--listen", "127.0.0.1:0", "--seed", run.Address),
        ];
        LoopedProcess otherRecipe = run.Start("seed", "elastic.yaml", "--run", Path.Combine(undisturbed.Folder, "new"), "--listen", "127.0.0.1:0", "--seed", run.Address, "--set", "seed=12");
        foreach ((LoopedProcess stranger, int code) in strangers.Zip([1, 1, 2])) await MustSay(stranger, code, $"The run folder {copy} is not the one that the seed has at {run.Run.Root}");
        await MustSay(otherRecipe, 2, "another recipe than the run that it would stand by for: seed 11 → 12");
        Assert.Equal(before, Directory.GetFiles(copy, "*", SearchOption.AllDirectories));

        await run.Ends(0, run.Start("stop", "--seed", run.Address));
        await run.Ends(0, seed);
    }

    [Fact]
    public async Task A_seed_that_is_started_again_with_another_run_folder_gets_none_of_the_workers()
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess seed = await run.Seed("--workers", "2", "--set", "batch.global_sequences=720");
        LoopedProcess first = run.Worker(), second = run.Worker();
        await run.WaitForStep(1);
        ClusterRun.Kill(seed, TinyRun.SigKill);
        await seed.WaitAsync();

        string other = Path.Combine(undisturbed.Folder, "other");
        LoopedProcess foreign = run.Start("seed", "elastic.yaml", "--run", other, "--listen", run.Address, "--set", "batch.global_sequences=720");
        await foreign.WaitForOutputAsync($"trains the run in {run.Run.Root}, which is not this seed's run folder");
        await first.WaitForOutputAsync($"has its run in {other}, which is not the run folder of this worker");
        Assert.DoesNotContain("step ", foreign.Output, StringComparison.Ordinal);
        ClusterRun.Kill(foreign, TinyRun.SigKill);
        await foreign.WaitAsync();

        long before = run.Assignments[^1].Step;
        LoopedProcess right = await run.Seed("--set", "batch.global_sequences=720");
        await run.WaitForStep(before + 1);
        ClusterRun.Kill(second, TinyRun.SigKill);
        await run.WaitForAbsence(second);
        await run.Ends(0, run.Start("stop", "--seed", run.Address));
        await run.Ends(0, right, first);
    }

    [Fact]
    public async Task A_worker_that_computes_otherwise_than_the_first_is_turned_away_by_a_later_seed_too()
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess seed = await run.Seed(), worker = run.Worker();
        await run.WaitForMember(worker);
        ClusterRun.Kill(worker, TinyRun.SigKill);
        ClusterRun.Kill(seed, TinyRun.SigKill);
        await seed.WaitAsync();
        LoopedProcess successor = await run.Seed();

        // One says that it differs, the other does not know it.
        LoopedProcess narrow = run.WorkerBy(["env", "ATEN_CPU_CAPABILITY=default"]), otherwise = run.WorkerBy(["env", "MKL_CBWR=COMPATIBLE"]);
        await MustSay(narrow, 1, "→ default");
        await MustSay(otherwise, 1, "the first micro-batch gives other gradients");

        LoopedProcess alike = run.Worker();
        await run.Ends(0, successor, alike);
        await run.MustBeUndisturbed();
    }

    /// <summary>A range with a port in it that was free just now, and room beside it.</summary>
    private static (int First, int Last) FreePorts()
    {
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        int port = Math.Min(((IPEndPoint)probe.LocalEndpoint).Port, 65_000);
        return (port, port + 50);
    }

    private static async Task MustSay(LoopedProcess process, int exitCode, string sentence)
    {
        LoopedResult result = (await process.WaitAsync()).Expect(exitCode);
        Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", result.Error, StringComparison.Ordinal);
    }
}
