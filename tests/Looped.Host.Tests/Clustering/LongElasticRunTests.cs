using System.Text.Json.Nodes;
using Looped.Actors.Runs;
using Looped.Host.Tests.Training;

namespace Looped.Host.Tests.Clustering;

/// <summary>More of the same over a longer run, one event at a time; run on request (docs/testing.md).</summary>
[Collection(nameof(LongClusterProcesses))]
public class LongElasticRunTests(LongUndisturbedRun undisturbed)
{
    [Theory(Explicit = true)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task Any_number_of_workers_gives_the_bits_of_one(int workers)
    {
        using var run = new ClusterRun(undisturbed);
        await run.Ends(0, run.Train("--workers", $"{workers}"));
        await run.MustBeUndisturbed();
        Assert.Contains(run.Assignments, a => a.Members.Count == workers);
    }

    [Theory(Explicit = true)]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_killed_worker_changes_nothing_whether_it_keeps_the_logs_or_not(int rank)
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess seed = await run.Seed("--workers", "2");
        LoopedProcess[] workers = [run.Worker(), run.Worker()];
        await run.WaitForMember(workers[0]);
        await run.WaitForStep(20);
        LoopedProcess killed = workers.Single(w => ClusterRun.NameOf(w) == run.Assignments[^1].Members[rank]);
        ClusterRun.Kill(killed, TinyRun.SigKill);
        await run.Ends(0, [seed, .. workers.Except([killed])]);
        await run.MustBeUndisturbed();
    }

    [Fact(Explicit = true)]
    public async Task A_slow_worker_is_given_less_to_do_and_the_bits_stay()
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess seed = await run.Seed("--workers", "2");
        LoopedProcess quick = run.Worker(), slow = run.Worker();
        await run.WaitForMember(slow);
        string name = ClusterRun.NameOf(slow);
        int Share(StepAssignment step) => step.Members.ToList().IndexOf(name) is >= 0 and var rank ? step.Assignment[rank].Count : ElasticRecipe.MicroBatches;

        // Half of the time it stands still, in pulses too short for anybody to take it for dead.
        while (run.Assignments is var steps && steps[^1].Step < undisturbed.Steps && !(steps[^1].Members.Count == 2 && Share(steps[^1]) < ElasticRecipe.MicroBatches / 2))
        {
            ClusterRun.Kill(slow, ClusterRun.SigStop);
            await Task.Delay(60, TestContext.Current.CancellationToken);
            ClusterRun.Kill(slow, ClusterRun.SigCont);
            await Task.Delay(30, TestContext.Current.CancellationToken);
        }
        Assert.Contains(run.Assignments, s => s.Members.Count == 2 && Share(s) < ElasticRecipe.MicroBatches / 2);
        await run.Ends(0, seed, quick, slow);
        await run.MustBeUndisturbed();
    }

    [Fact(Explicit = true)]
    public async Task A_stranger_at_the_door_of_a_running_cluster_is_not_noticed()
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess seed = await run.Seed("--workers", "2");
        LoopedProcess first = run.Worker(), second = run.Worker();
        await run.WaitForMember(second);
        LoopedProcess stranger = run.Start([], ["worker", "--seed", run.Address, "--wait", "3"], secret: "a secret of somebody else");
        await run.Ends(69, stranger);
        await run.Ends(0, seed, first, second);
        await run.MustBeUndisturbed();
        Assert.All(run.Assignments, a => Assert.Superset(a.Members.ToHashSet(), new HashSet<string> { ClusterRun.NameOf(first), ClusterRun.NameOf(second) }));
    }

    [Theory(Explicit = true)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task Seeded_chaos_changes_nothing(long seed)
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess chaos = run.Start("chaos", "elastic.yaml", "--random-seed", $"{seed}", "--json");
        LoopedResult result = (await chaos.WaitAsync(TimeSpan.FromMinutes(15))).Expect(0);
        JsonNode report = JsonNode.Parse(result.Output)!;
        Assert.True(report["equal"]!.GetValue<bool>());
        Assert.True(report["disturbances"]!.AsArray().Count > 10);
    }

    [Fact(Explicit = true)]
    public async Task A_recorded_trace_changes_nothing()
    {
        using var run = new ClusterRun(undisturbed);
        string trace = Repository.File(Path.Combine("data", "traces", "p3.csv"));
        LoopedProcess chaos = run.Start("chaos", "elastic.yaml", "--trace", trace, "--time-scale", "500", "--workers-at-most", "3", "--json");
        LoopedResult result = (await chaos.WaitAsync(TimeSpan.FromMinutes(15))).Expect(0);
        JsonNode report = JsonNode.Parse(result.Output)!;
        Assert.True(report["equal"]!.GetValue<bool>());
        Assert.True(report["disturbances"]!.AsArray().Count > 10, result.Output);
    }

    [Fact(Explicit = true)]
    public async Task The_demo_shows_a_kill_and_equal_hashes()
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess demo = run.Start("demo");
        LoopedResult result = (await demo.WaitAsync(TimeSpan.FromMinutes(5))).Expect(0);
        Assert.Contains("SIGKILL to worker 1", result.Output, StringComparison.Ordinal);
        Assert.Contains("equal  to the last bit", result.Output, StringComparison.Ordinal);
    }
}
