using System.Text.Json.Nodes;
using CsCheck;
using Looped.Actors.Runs;
using Looped.Actors.Training;
using Looped.Models;
using Looped.Tests;

namespace Looped.Actors.Tests.Runs;

public sealed class StepLogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Log => _folder["metrics.jsonl"];

    public void Dispose() => _folder.Dispose();

    private static StepReport Report(long step, string? hash = null) => new(step, 150, 4.5 / step, 1e-3, 0.7, step * 2048, 2600, 0.8, 1, 1, false, WeightsSha256: hash);

    private void Append(params long[] steps)
    {
        using StepLog<StepReport> log = StepLog.Open<StepReport>(Log, long.MaxValue);
        foreach (long step in steps) log.Append(Report(step));
    }

    private IEnumerable<long> Steps() => StepLog.Read<StepReport>(Log).Select(r => r.Step);

    [Fact]
    public void A_line_has_the_documented_keys_and_leaves_out_what_is_not_known()
    {
        Append(1);
        Assert.Equal("""{"step":1,"steps":150,"loss":4.5,"learning_rate":0.001,"gradient_norm":0.7,"tokens":2048,"tokens_per_second":2600,"seconds":0.8,"generation":1,"world_size":1,"skipped":false,"stall_seconds":0}""" + "\n",
            File.ReadAllText(Log));
    }

    [Fact]
    public void A_line_can_be_read_as_soon_as_it_is_appended()
    {
        using StepLog<StepReport> log = StepLog.Open<StepReport>(Log, 0);
        log.Append(Report(1, "abc"));
        Assert.Equal([Report(1, "abc")], StepLog.Read<StepReport>(Log));
        log.Append(Report(2));
        Assert.Equal([1, 2], Steps());
    }

    [Fact]
    public void Loss_that_is_not_a_number_is_kept()
    {
        using StepLog<StepReport> log = StepLog.Open<StepReport>(Log, 0);
        log.Append(Report(1) with { Loss = double.NaN, GradientNorm = double.PositiveInfinity, Skipped = true });
        StepReport read = Assert.Single(StepLog.Read<StepReport>(Log));
        Assert.True(double.IsNaN(read.Loss) && double.IsPositiveInfinity(read.GradientNorm));
    }

    [Fact]
    public void A_missing_log_is_empty() => Assert.Empty(Steps());

    [Fact]
    public void The_last_line_of_a_step_counts()
    {
        using StepLog<StepReport> log = StepLog.Open<StepReport>(Log, 0);
        foreach ((long step, int world) in ((long, int)[])[(1, 1), (2, 1), (1, 2)]) log.Append(Report(step) with { WorldSize = world });
        Assert.Equal([2, 1], StepLog.Read<StepReport>(Log).Select(r => r.WorldSize));
    }

    [Fact]
    public void A_torn_last_line_is_not_read_and_is_gone_after_a_restart()
    {
        Append(1, 2, 3);
        byte[] whole = File.ReadAllBytes(Log);
        int lastLine = Array.LastIndexOf(whole, (byte)'\n', whole.Length - 2) + 1;
        for (int length = lastLine + 1; length < whole.Length; length++)
        {
            File.WriteAllBytes(Log, whole[..length]);
            Assert.Equal([1, 2], Steps());
            Append(3);
            Assert.Equal(whole, File.ReadAllBytes(Log));
        }
    }

    [Fact]
    public void A_restart_cuts_exactly_the_lines_above_the_last_committed_step() =>
        Gen.Select(Gen.Long[1, 20].Array[0, 12], Gen.Long[0, 21]).Sample((steps, committed) =>
        {
            File.Delete(Log);
            Append(steps);
            using (StepLog<StepReport> log = StepLog.Open<StepReport>(Log, committed)) log.Append(Report(committed + 1));
            Assert.Equal(steps.Where(s => s <= committed).Append(committed + 1), File.ReadLines(Log).Select(l => (long)JsonNode.Parse(l)!["step"]!));
        }, iter: 100, threads: 1);

    [Theory]
    [InlineData("{\"step\":2", "line 2 is malformed")]
    [InlineData("{\"loss\":2}", "line 2 is malformed")]
    [InlineData("null", "line 2 is malformed")]
    [InlineData("", "line 2 is malformed")]
    public void A_malformed_line_is_reported_with_its_number(string line, string sentence)
    {
        Append(1, 3);
        string[] lines = File.ReadAllLines(Log);
        File.WriteAllText(Log, $"{lines[0]}\n{line}\n{lines[1]}\n");
        Assert.Contains($"{Log}, {sentence}", Assert.Throws<LoopedException>(() => Steps()).Message, StringComparison.Ordinal);
        Assert.Contains(sentence, Assert.Throws<LoopedException>(() => StepLog.Open<StepReport>(Log, 2)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_full_disk_is_a_clear_error()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "This host has no /dev/full.");
        using var log = new StepLog<StepReport>("/dev/full");
        Assert.Contains("the disk or the quota is full", Assert.Throws<LoopedException>(() => log.Append(Report(1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Assignments_and_evaluations_come_back_as_they_were()
    {
        var assignment = new StepAssignment(7, 2, ["a:1", "b:2"], [[0, 2], [1, 3]]);
        using (StepLog<StepAssignment> log = StepLog.Open<StepAssignment>(_folder["steps.jsonl"], 0)) log.Append(assignment);
        Assert.Equal("""{"step":7,"generation":2,"members":["a:1","b:2"],"assignment":[[0,2],[1,3]]}""" + "\n", File.ReadAllText(_folder["steps.jsonl"]));
        StepAssignment read = Assert.Single(StepLog.Read<StepAssignment>(_folder["steps.jsonl"]));
        Assert.Equal(assignment.Assignment, read.Assignment);
        Assert.Equal(assignment.Members, read.Members);

        var evaluation = new EvaluationReport(50, 2.5, Math.Exp(2.5), 12288, false, 1.5);
        using (StepLog<EvaluationReport> log = StepLog.Open<EvaluationReport>(_folder["evaluations.jsonl"], 0)) log.Append(evaluation);
        Assert.Equal([evaluation], StepLog.Read<EvaluationReport>(_folder["evaluations.jsonl"]));
    }
}
