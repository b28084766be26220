using System.Text.Json.Nodes;
using Looped.Actors.Runs;
using Looped.Actors.Training;
using Looped.Host.Tests.Training;

namespace Looped.Host.Tests.Clustering;

/// <summary>The same bits where the number of loops and the probe of the penalty are drawn for each micro-batch, whoever computes it.</summary>
[Collection(nameof(RandomLoopProcesses))]
public class RandomLoopRunTests(UndisturbedRandomLoops undisturbed)
{
    [Fact]
    public async Task Two_workers_of_which_one_is_killed_give_the_bits_of_one_that_nobody_disturbs()
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess seed = await run.Seed("--workers", "2");
        LoopedProcess stays = run.Worker(), killed = run.Worker();
        await run.WaitForMember(killed);
        ClusterRun.Kill(killed, TinyRun.SigKill);
        await run.WaitForAbsence(killed);

        await run.Ends(0, seed, stays);
        await run.MustBeUndisturbed();
        Assert.Contains(run.Assignments, a => a.Members.Count == 2);
        MustSayTheSame(run);
    }

    /// <summary>What the log says of loops and penalty does not depend on who computed a step either.</summary>
    private void MustSayTheSame(ClusterRun run)
    {
        IReadOnlyList<StepReport> alone = StepLog.Read<StepReport>(new RunFolder(Path.Combine(undisturbed.Folder, "runs", "undisturbed")).Metrics), together = StepLog.Read<StepReport>(run.Run.Metrics);
        Assert.Equal(undisturbed.Steps, alone.Count);
        Assert.Equal(alone.Select(s => (s.Step, s.Loops, s.Regulariser)), together.Select(s => (s.Step, s.Loops, s.Regulariser)));
        Assert.True(alone.Select(s => s.Loops).Distinct().Count() > 10);
        Assert.Equal(undisturbed.Steps - 5, alone.Count(s => s.Regulariser > 0));
    }

    [Theory(Explicit = true)]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Seeded_chaos_changes_nothing(long seed)
    {
        using var run = new ClusterRun(undisturbed);
        LoopedProcess chaos = run.Start("chaos", "elastic.yaml", "--random-seed", $"{seed}", "--set", "training.steps=240", "--json");
        LoopedResult result = (await chaos.WaitAsync(TimeSpan.FromMinutes(15))).Expect(0);
        JsonNode report = JsonNode.Parse(result.Output)!;
        Assert.True(report["equal"]!.GetValue<bool>());
        Assert.True(report["disturbances"]!.AsArray().Count > 10);
    }
}
