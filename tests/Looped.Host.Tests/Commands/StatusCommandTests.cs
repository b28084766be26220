using System.Text.Json.Nodes;
using Looped.Actors.Runs;
using Looped.Host.CommandLine;
using Looped.Host.Commands;
using Looped.Host.Inspection;
using Looped.Tests;

namespace Looped.Host.Tests.Commands;

public sealed class StatusCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static string Text(RunFolder run) => string.Join('\n', StatusCommand.Lines(RunState.Read(run)));

    [Fact]
    public async Task It_says_how_a_run_stands()
    {
        SmallRun.Write(_folder["small"]);
        LoopedResult result = (await LoopedProcess.RunAsync("status", _folder["small"])).Expect(ExitCode.Finished);
        Assert.Equal($"""
            small: stopped without a summary; the same train command goes on from the last checkpoint
              step        40 of 100 (40 %), 40,000 tokens
              loss        0.1000, learning rate 1e-3
              validation  perplexity 8.00 (loss 2.0794) at step 20
              speed       2,500 tokens/s
              generation  1, 1 worker
              checkpoint  step 40, verified ({_folder["small/checkpoints/step-000040"]})
              missing     events.jsonl is missing: a run of before it was written; who came and went is taken from the steps alone

            """, result.Output);
    }

    [Fact]
    public async Task It_gives_the_same_as_json()
    {
        SmallRun.Write(_folder["small"]);
        JsonNode json = JsonNode.Parse((await LoopedProcess.RunAsync("status", _folder["small"], "--json")).Expect(ExitCode.Finished).Output)!;
        Assert.Equal(("small", "stopped", 40, 100), ((string?)json["name"], (string?)json["status"], (int)json["step"]!, (int)json["total_steps"]!));
        Assert.Equal((8.0, true, 40), ((double)json["validation"]!["perplexity"]!, (bool)json["checkpoint"]!["verified"]!, (int)json["checkpoint"]!["step"]!));
    }

    [Fact]
    public void A_run_whose_lock_is_held_is_running_and_its_time_left_is_estimated()
    {
        RunFolder run = SmallRun.Write(_folder["small"]);
        using RunLock held = RunLock.Acquire(run, TimeProvider.System);
        RunState state = RunState.Read(run);
        Assert.Equal(("running", Environment.ProcessId), (state.Status, state.Owner?.ProcessId));
        Assert.Equal(24, state.SecondsLeft!.Value, 1e-9); // 60 steps of 0.4 s
        Assert.Contains($"running (process {Environment.ProcessId} on", Text(run), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(RunStatus.Finished, "small: finished")]
    [InlineData(RunStatus.Interrupted, "small: interrupted; the same train command goes on")]
    [InlineData(RunStatus.Failed, "small: failed: the loss is not a number")]
    public void A_run_that_ended_says_how(RunStatus status, string sentence)
    {
        RunFolder run = SmallRun.Write(_folder["small"]);
        RunSummary Summary(long steps) => new("small", status, steps, 100, 40000, 10, new(9, 8), "abc", 16, 1, status == RunStatus.Failed ? "the loss is not a number" : null);
        Summary(40).Write(run.Summary);
        Assert.StartsWith(sentence, Text(run), StringComparison.Ordinal);
        Summary(20).Write(run.Summary); // of an earlier process; the one after it was killed
        Assert.StartsWith("small: stopped", Text(run), StringComparison.Ordinal);
    }

    [Fact]
    public void A_damaged_checkpoint_is_named_with_the_one_that_the_next_start_uses()
    {
        RunFolder run = SmallRun.Write(_folder["small"]);
        File.Delete(Path.Combine(run.Checkpoints, "step-000040/model.safetensors"));
        Assert.Contains($"step 40 cannot be used: model.safetensors is missing; the next start uses {run.Checkpoints}/step-000020", Text(run), StringComparison.Ordinal);
        File.Delete(Path.Combine(run.Checkpoints, "step-000020/manifest.json"));
        Assert.Contains("the next start begins anew", Text(run), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_that_has_only_begun_has_a_status()
    {
        RunFolder run = SmallRun.Write(_folder["small"], 0, []);
        Assert.Contains("checkpoint  none yet", Text(run), StringComparison.Ordinal);
    }

    [Fact]
    public void The_latest_events_and_the_members_of_the_last_step_are_told()
    {
        RunFolder run = SmallRun.WithEvents(_folder["small"]);
        Assert.Contains("  10:00:28    recovered from the loss of node-2 in 230 ms: step 26 by 1 worker\n", Text(run), StringComparison.Ordinal);
        JsonNode json = InspectionJson.ToNode(RunState.Read(run));
        Assert.Equal(["node-1", "node-3"], json["workers"]!.AsArray().Select(w => (string?)w!["worker"]));
        Assert.Equal((3, "joined"), ((int)json["workers"]![0]!["micro_batches"]!, (string?)json["events"]!.AsArray()[^2]!["event"]));
        Assert.Empty(json["gaps"]!.AsArray());
    }

    [Fact]
    public void A_run_that_is_half_written_shows_its_whole_lines()
    {
        RunFolder run = SmallRun.WithEvents(_folder["small"]);
        foreach (string log in (string[])[run.Metrics, run.Steps, run.Events, run.Evaluations]) File.AppendAllText(log, """{"step":41,"lo""");
        File.WriteAllText(run.Summary, "");
        RunState state = RunState.Read(run);
        Assert.Equal((40, "stopped"), (state.Step, state.Status));
        Assert.StartsWith("summary.json cannot be read", Assert.Single(state.Gaps), StringComparison.Ordinal);
    }

    [Fact]
    public void A_run_of_an_older_version_says_what_it_lacks_and_shows_the_rest()
    {
        RunFolder run = SmallRun.Write(_folder["small"], 0, []);
        File.WriteAllText(run.Metrics, """
            {"step":1,"loss":4,"seconds":0.5,"mood":"good"}
            not json
            {"step":2,"loss":3,"seconds":0.5}

            """);
        RunState state = RunState.Read(run);
        Assert.Equal((2, 3.0, null, null), (state.Step, state.Loss, state.TotalSteps, state.WorldSize));
        Assert.Contains(state.Gaps, g => g.StartsWith("metrics.jsonl: generation, gradient_norm, learning_rate, skipped, ", StringComparison.Ordinal) && g.EndsWith("missing in 2 lines, as an older version wrote them", StringComparison.Ordinal));
        Assert.Contains("metrics.jsonl: 1 line cannot be read", state.Gaps);
        Assert.DoesNotContain("NaN", Text(run), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_mistyped_run_is_bad_usage_and_suggests_the_nearest()
    {
        SmallRun.Write(_folder["small"]);
        LoopedResult result = (await LoopedProcess.RunAsync("status", _folder["smal"])).Expect(ExitCode.BadUsage);
        Assert.Equal($"error: There is no run in {_folder["smal"]}; did you mean 'small'?\n", result.Error);
    }
}
