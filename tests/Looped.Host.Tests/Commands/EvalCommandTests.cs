using System.Text.Json.Nodes;
using Looped.Actors.Runs;
using Looped.Actors.Training;
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

    [Fact]
    public async Task Sums_are_trained_from_files_and_both_suites_of_the_loop_write_what_they_measure()
    {
        using var run = new TinyRun();
        using (LoopedProcess prepare = LoopedProcess.Start(run.Folder, null, "prepare", "addition", "--digits", "2", "--rows", "90", "--test-rows", "12", "--random-seed", "3", "--out", "sums"))
            (await prepare.WaitAsync()).Expect(ExitCode.Finished);
        string[] small = ["--set", "model.width=16", "--set", "model.heads=2", "--set", "model.hidden=16", "--set", "model.max_loops=4", "--set", "batch.global_sequences=16",
            "--set", "batch.micro_sequences=8", "--set", "training.steps=3", "--set", "model.reg_warmup_steps=0", "--run", "runs/tiny"];
        (await run.Train(["train", "addition", "--set", "data.source=sums", .. small])).Expect(ExitCode.Finished);
        StepReport[] steps = [.. StepLog.Read<StepReport>(run.Run.Metrics)];
        Assert.All(steps, s => Assert.InRange(s.Loops!.Value, 1, 4));
        Assert.Equal([false, true, true], steps.Select(s => s.Regulariser > 0));

        JsonNode addition = JsonNode.Parse((await Eval(run, "--suite", "addition", "--loops", "3", "--problems", "5", "--json")).Expect(ExitCode.Finished).Output)!["checkpoints"]![0]!;
        Assert.Equal([1, 2, 3], addition["scores"]!.AsArray().Select(s => (int)s!["loops"]!));
        Assert.All(addition["scores"]!.AsArray(), s => Assert.Equal(5, (int)s!["total"]!));
        Assert.Equal((4, 12), ((int)addition["trained"]!["loops"]!, (int)addition["trained"]!["total"]!));
        string[] table = File.ReadAllLines(Path.Combine(run.Run.Root, "acc_vs_loops_k1_sandwich_dual_LayerNorm.csv"));
        Assert.Equal(["Loop_Count,Accuracy", .. addition["scores"]!.AsArray().Select(s => FormattableString.Invariant($"{(int)s!["loops"]!},{(double)s["accuracy"]!}"))], table);
        AssertPng(Path.Combine(run.Run.Root, "eval-addition.png"));

        string printed = (await Eval(run, "--suite", "addition", "--loops", "3", "--problems", "5")).Expect(ExitCode.Finished).Output;
        Assert.Matches(@"at 3 +│ – +│", printed); // the recipe's 4 loops were not measured

        JsonNode dynamics = JsonNode.Parse((await Eval(run, "--suite", "dynamics", "--loops", "6", "--json")).Expect(ExitCode.Finished).Output)!;
        Assert.EndsWith("=", (string)dynamics["prompt"]!, StringComparison.Ordinal);
        Assert.Equal([1, 2, 4, 6], dynamics["spectra"]!.AsArray().Select(s => (int)s!["loop"]!));
        Assert.Equal(1 + 6 * 6, File.ReadAllLines(Path.Combine(run.Run.Root, "dynamics_states.csv")).Length);
        Assert.Equal(1 + 6, File.ReadAllLines(Path.Combine(run.Run.Root, "dynamics_trajectory.csv")).Length);
        AssertPng(Path.Combine(run.Run.Root, "eval-dynamics.png"));

        LoopedResult answer = (await Generate(run)).Expect(ExitCode.Finished), refused = (await Generate(run, "--prompt", "7 Pi")).Expect(ExitCode.BadUsage);
        Assert.StartsWith((string)dynamics["prompt"]!, answer.Output, StringComparison.Ordinal);
        Assert.Equal(("", $"error: --prompt: the model does not know 'P', 'i'; write it with 0123456789+= Ʌ§, such as \"{(string)dynamics["prompt"]!}\".\n"), (refused.Output, refused.Error));

        Assert.Contains("more than its own state", (await EvalOfText(run, "dynamics")).Error, StringComparison.Ordinal);
        Assert.Contains("not of the addition task", (await EvalOfText(run, "addition")).Error, StringComparison.Ordinal);
    }

    private static async Task<LoopedResult> Generate(TinyRun run, params string[] args)
    {
        using LoopedProcess process = LoopedProcess.Start(run.Folder, null, ["generate", "runs/tiny", "--tokens", "3", .. args]);
        return await process.WaitAsync();
    }

    private static async Task<LoopedResult> EvalOfText(TinyRun run, string suite)
    {
        if (!Directory.Exists(Path.Combine(run.Folder, "runs", "text"))) (await run.Train(["train", "tiny.yaml", "--set", "training.steps=1", "--run", "runs/text"])).Expect(ExitCode.Finished);
        using LoopedProcess process = run.Start("eval", "runs/text", "--suite", suite);
        return (await process.WaitAsync()).Expect(ExitCode.BadUsage);
    }

    [Theory]
    [InlineData("one checkpoint at a time", "a", "b")]
    [InlineData("one checkpoint at a time", "a", "b", "--suite", "dynamics")]
    [InlineData("--problems is 0", "a", "--problems", "0")]
    [InlineData("takes at least 2", "a", "--suite", "dynamics", "--loops", "1")]
    [InlineData("--sequence-length is 0", "a", "--sequence-length", "0")]
    [InlineData("say which suite", "a", "--out", "x")]
    [InlineData("does not go with --suite router", "a", "--suite", "router", "--loops", "2")]
    public async Task What_does_not_go_together_is_said_before_anything_is_opened(string sentence, params string[] args) =>
        Assert.Contains(sentence, (await LoopedProcess.RunAsync(["eval", .. args])).Expect(ExitCode.BadUsage).Error, StringComparison.Ordinal);
}
