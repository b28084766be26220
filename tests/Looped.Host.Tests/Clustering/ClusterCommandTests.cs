using System.Text.Json.Nodes;
using Looped.Actors.Runs;
using Looped.Actors.Training;
using Looped.Host.Tests.Training;

namespace Looped.Host.Tests.Clustering;

/// <summary>The commands that look at a cluster, measure for it and end it, against one that runs.</summary>
[Collection(nameof(ClusterProcesses))]
public class ClusterCommandTests(UndisturbedRun undisturbed)
{
    [Fact]
    public async Task A_cluster_is_looked_at_measured_and_stopped_by_commands_that_know_one_living_seed_among_dead_names()
    {
        using var run = new ClusterRun(undisturbed) { Secret = "no address of another machine without one" };
        LoopedProcess seed = await run.Seed("--set", "training.steps=100000", "--set", "evaluation.every=0", "--set", "checkpoint.every=1", "--set", "checkpoint.keep_last=12");
        string[] seeds = ["--seed", "nosuch.invalid:1", "--seed", run.Address];
        LoopedProcess worker = run.Start(["worker", .. seeds]);
        await run.WaitForStep(12);

        // With a dozen checkpoints before it, the evaluator that gets notice after the first is in the middle of another.
        LoopedProcess leaves = run.Start(["evaluator", .. seeds]), stays = run.Start(["evaluator", .. seeds]);
        await leaves.WaitForOutputAsync("validation perplexity");
        ClusterRun.Kill(leaves, TinyRun.SigTerm);
        await run.Ends(75, leaves);
        Assert.Contains(StepLog.Read<EvaluationReport>(run.Run.Evaluations), e => e.Step > 0);

        LoopedProcess status = run.Start(["status", .. seeds, "--wait", "60"]), json = run.Start(["status", .. seeds, "--wait", "60", "--json"]);
        await run.Ends(0, status, json);
        Assert.StartsWith("elastic: generation ", status.Output, StringComparison.Ordinal);
        JsonNode picture = JsonNode.Parse(json.Output)!;
        JsonNode only = Assert.Single(picture["workers"]!.AsArray())!;
        Assert.Equal(("elastic", ClusterRun.NameOf(worker), 0), ((string)picture["run"]!, (string)only["worker"]!, (int)only["rank"]!));
        Assert.InRange((long)picture["step"]!, 12, 100_000);

        LoopedProcess stop = run.Start(["stop", .. seeds, "--wait", "60"]);
        await run.Ends(0, stop, seed, worker, stays);
        RunSummary summary = RunSummary.Read(run.Run.Summary)!;
        Assert.Equal(RunStatus.Interrupted, summary.Status);
        Assert.Contains($"elastic stopped after step {summary.Steps} of 100000", stop.Output, StringComparison.Ordinal);
        Assert.Contains("the run is over", stays.Output, StringComparison.Ordinal);
        Assert.Contains(StepLog.Read<EvaluationReport>(run.Run.Evaluations), e => e.Step == summary.Steps);
    }

    [Fact]
    public async Task An_evaluator_that_still_looks_for_a_seed_ends_with_75_on_notice()
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess evaluator = run.Start("evaluator", "--seed", "127.0.0.1:1");
        await evaluator.WaitForOutputAsync("looks for a run at 127.0.0.1:1");
        ClusterRun.Kill(evaluator, TinyRun.SigUsr1);
        await run.Ends(75, evaluator);
        Assert.Empty(evaluator.Error);
    }
}
