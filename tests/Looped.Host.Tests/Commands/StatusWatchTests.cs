using System.Text.Json.Nodes;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Host.CommandLine;
using Looped.Host.Inspection;
using Looped.Tests;
using Spectre.Console;

namespace Looped.Host.Tests.Commands;

public sealed class StatusWatchTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static WorkerPicture Worker(string name, int rank, double seconds, int microBatches = 4) =>
        new(name, rank, RankActivity.Running, $"{name}:1", 10, microBatches, seconds, 0.1, false, "cpu");

    private static ClusterPicture Picture(params WorkerPicture[] workers) => new("demo", "/runs/demo", 2, "2.5", 10, 40, 3.25, 1200, 8, null, workers,
        [new(RunEventKind.Recovered, 9) { Time = new DateTime(2026, 11, 26, 9, 8, 7, DateTimeKind.Utc), Worker = "b", WorldSize = 2, Seconds = 0.25 }]);

    [Fact]
    public void The_slowest_worker_has_the_highest_score_and_the_middle_one_has_one()
    {
        WorkerPicture[] workers = [Worker("a", 0, 0.1), Worker("b", 1, 0.3), Worker("c", 2, 0.1), Worker("spare", -1, 9), Worker("new", 3, 0)];
        Assert.Equal([1, 3, 1, null, null], workers.Select(w => Stragglers.Score(w, workers) is { } score ? Math.Round(score, 9) : (double?)null));
        Assert.Equal(1.2, Stragglers.StepSeconds(workers[1])!.Value, 1e-9);
    }

    [Fact]
    public void What_is_not_known_before_the_first_step_is_null_for_another_program()
    {
        JsonNode before = ClusterLines.Json(Picture() with { Step = 0, Loss = null, TokensPerSecond = 0, LastCheckpoint = -1 });
        Assert.Equal((null, null, null), ((double?)before["loss"], (double?)before["tokens_per_second"], (long?)before["last_checkpoint"]));
        JsonNode later = ClusterLines.Json(Picture());
        Assert.Equal((3.25, 1200, 8), ((double?)later["loss"], (double?)later["tokens_per_second"], (long?)later["last_checkpoint"]));
    }

    [Fact]
    public void A_cluster_at_a_glance_in_plain_lines()
    {
        RunView view = RunView.Of(Picture(Worker("b", 1, 0.3), Worker("a", 0, 0.1), Worker("c", 2, 0.1)), [(4, 1000), (3.25, 1200)]);
        Assert.Equal("""
            demo: generation 2.5
              step        10 of 40 steps (25 %)
              loss        3.2500
              speed       1,200 tokens/s
              world size  3
              checkpoint  step 8
              term        2
              rank 0      a, cpu, 4 micro-batches, 400 ms, running, 1.00 × median
              rank 1      b, cpu, 4 micro-batches, 1.2 s, running, 3.00 × median
              rank 2      c, cpu, 4 micro-batches, 400 ms, running, 1.00 × median
              09:08:07    recovered from the loss of b in 250 ms: step 9 by 2 workers
            """.Split('\n'), StatusScreen.Lines(view));
    }

    [Theory]
    [InlineData(120, true)]
    [InlineData(60, false)]
    [InlineData(24, true)]
    public void The_picture_fits_the_terminal_and_has_curves_where_there_is_room(int width, bool unicode)
    {
        var text = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(text) });
        console.Profile.Width = width;
        RunView view = RunView.Of(Picture(Worker("a", 0, 0.1)), [.. Enumerable.Range(0, 100).Select(i => (4 - i * 0.01, 1000.0 + i))]);
        console.Write(StatusScreen.Draw(view, width, unicode));
        string[] lines = text.ToString().Split('\n');
        Assert.All(lines, line => Assert.True(line.Length <= width, line));
        Assert.Equal(width > 40, lines.Any(l => l.StartsWith("loss        ", StringComparison.Ordinal) && l.Contains(unicode ? '█' : '#', StringComparison.Ordinal)));
        Assert.Contains(lines, l => l.Contains("09:08:07", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(new[] { 1.0, 2, 3, 4, 5, 6, 7, 8 }, 8, "▁▂▃▄▅▆▇█")]
    [InlineData(new[] { 1.0, 1, 5, 5 }, 2, "▁█")]
    [InlineData(new[] { 2.0, 2, 2 }, 8, "▅▅▅")]
    [InlineData(new[] { 1.0, double.NaN, 2 }, 3, "▁ █")]
    [InlineData(new double[0], 8, "")]
    public void A_sparkline_goes_from_the_lowest_to_the_highest(double[] values, int width, string expected) => Assert.Equal(expected, Sparkline.Draw(values, width));

    [Fact]
    public void Json_of_a_cluster_has_what_follows_from_the_picture()
    {
        var json = ClusterLines.Json(Picture(Worker("a", 0, 0.1), Worker("b", 1, 0.3)));
        Assert.Equal((2, "recovered", "cpu"), ((int)json["world_size"]!, (string?)json["events"]![0]!["event"], (string?)json["workers"]![1]!["device"]));
        Assert.Equal(1.5, (double)json["workers"]![1]!["straggler_score"]!, 1e-9);
    }

    [Fact]
    public async Task Watching_a_run_folder_prints_a_block_at_each_change_and_ends_with_the_run()
    {
        RunFolder run = SmallRun.WithEvents(_folder["small"]);
        using LoopedProcess watch = LoopedProcess.Start(null, null, "status", run.Root, "--watch", "--every", "0.05");
        await watch.WaitForOutputAsync("40 of 100 steps");
        File.AppendAllText(run.Metrics, File.ReadAllLines(run.Metrics)[^1].Replace("\"step\":40", "\"step\":41", StringComparison.Ordinal) + "\n");
        await watch.WaitForOutputAsync("41 of 100 steps");
        new RunSummary("small", RunStatus.Finished, 41, 100, 41000, 10, new(9, 8), "abc", 16, 1).Write(run.Summary);
        LoopedResult result = (await watch.WaitAsync()).Expect(ExitCode.Finished);
        Assert.Equal(3, result.Output.Split("\n\n", StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Contains("rank 1      node-3, 1 micro-batch", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Watching_as_json_gives_a_line_at_each_change()
    {
        RunFolder run = SmallRun.WithEvents(_folder["small"]);
        new RunSummary("small", RunStatus.Finished, 40, 100, 40000, 10, new(9, 8), "abc", 16, 1).Write(run.Summary);
        LoopedResult result = (await LoopedProcess.RunAsync("status", run.Root, "--watch", "--json")).Expect(ExitCode.Finished);
        Assert.StartsWith("{\"name\":\"small\"", Assert.Single(result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries)), StringComparison.Ordinal);
        Assert.Contains("--every", (await LoopedProcess.RunAsync("status", run.Root, "--every", "0")).Expect(ExitCode.BadUsage).Error, StringComparison.Ordinal);
    }
}
