using System.Text.Json.Nodes;
using Looped.Host.CommandLine;
using Looped.Host.Tests.Training;

namespace Looped.Host.Tests.Commands;

/// <summary>The suites of `looped eval` on a minute adaptive model.</summary>
public class EvalCommandTests
{
    private static readonly string[] Adaptive = ["train", "tiny.yaml", "--set", "model.variant=adm", "--set", "training.steps=2", "--set", "model.repeats=3"];

    private static async Task<LoopedResult> Eval(TinyRun run, params string[] args)
    {
        using LoopedProcess process = run.Start(["eval", "runs/tiny", "--batches", "2", .. args]);
        return await process.WaitAsync();
    }

    private static void AssertPng(string path) => Assert.Equal("PNG"u8.ToArray(), File.ReadAllBytes(path)[1..4]);

    [Fact]
    public async Task Each_suite_writes_its_numbers_with_intervals_and_a_figure_and_they_agree()
    {
        using var run = new TinyRun();
        (await run.Train(Adaptive)).Expect(ExitCode.Finished);
        JsonNode plain = JsonNode.Parse((await Eval(run, "--loops", "1", "--json")).Expect(ExitCode.Finished).Output)!;
        Assert.False(File.Exists(Path.Combine(run.Run.Root, "eval-perplexity.json")));

        string printed = (await Eval(run, "--suite", "perplexity", "--loops", "1", "--json")).Expect(ExitCode.Finished).Output;
        Assert.Equal(printed, File.ReadAllText(Path.Combine(run.Run.Root, "eval-perplexity.json")));
        Assert.True(JsonNode.DeepEquals(plain, JsonNode.Parse(printed)));
        AssertPng(Path.Combine(run.Run.Root, "eval-perplexity.png"));

        string table = (await Eval(run, "--suite", "compute", "-o", Path.Combine(run.Folder, "figures"))).Expect(ExitCode.Finished).Output;
        Assert.Contains("threshold 0.85", table, StringComparison.Ordinal);
        JsonArray points = JsonNode.Parse(File.ReadAllText(Path.Combine(run.Folder, "figures", "eval-compute.json")))!["checkpoints"]![0]!["points"]!.AsArray();
        JsonNode shallow = Assert.Single(points, p => (string)p!["choice"]! == "fixed_depth" && (double)p["value"]! == 1)!;
        foreach (string field in (string[])["perplexity", "perplexity_low", "perplexity_high", "standard_error", "accuracy", "tokens"])
            Assert.True(JsonNode.DeepEquals(plain[field], shallow[field]), field);
        Assert.True((bool)points.MinBy(p => (double)p!["perplexity"]!)!["pareto"]!);
        AssertPng(Path.Combine(run.Folder, "figures", "eval-compute.png"));

        JsonNode routers = JsonNode.Parse((await Eval(run, "--suite", "router", "--json")).Expect(ExitCode.Finished).Output)!["checkpoints"]![0]!["routers"]!;
        Assert.Equal(2, routers.AsArray().Count);
        Assert.InRange((double)routers[1]!["cascade"]!["mean"]!, (double)routers[1]!["cascade"]!["mean_low"]!, (double)routers[1]!["cascade"]!["mean_high"]!);
        AssertPng(Path.Combine(run.Run.Root, "eval-router.png"));
    }

    [Theory]
    [InlineData("one checkpoint at a time", "a", "b")]
    [InlineData("--sequence-length is 0", "a", "--sequence-length", "0")]
    [InlineData("say which suite", "a", "--out", "x")]
    [InlineData("does not go with --suite router", "a", "--suite", "router", "--loops", "2")]
    public async Task What_does_not_go_together_is_said_before_anything_is_opened(string sentence, params string[] args) =>
        Assert.Contains(sentence, (await LoopedProcess.RunAsync(["eval", .. args])).Expect(ExitCode.BadUsage).Error, StringComparison.Ordinal);
}
