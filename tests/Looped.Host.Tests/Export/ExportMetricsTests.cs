using Looped.Actors.Runs;
using Looped.Host.CommandLine;
using Looped.Host.Export;
using Looped.Host.Tests.Commands;
using Looped.Models;
using Looped.Tests;

namespace Looped.Host.Tests.Export;

public sealed class ExportMetricsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_checksum_is_the_published_one() =>
        Assert.Equal(0xE3069283u, EventFile.Crc32C("123456789"u8)); // the check value of CRC-32C (RFC 3720)

    [Fact]
    public async Task Csv_has_a_line_for_each_step_with_evaluations_beside_them()
    {
        RunFolder run = SmallRun.Write(_folder["small"]);
        LoopedResult result = (await LoopedProcess.RunAsync("export-metrics", run.Root, "--format", "csv")).Expect(ExitCode.Finished);
        Assert.Equal(Path.Combine(run.Root, "metrics.csv"), result.Output.Trim());
        string[] lines = File.ReadAllLines(result.Output.Trim());
        Assert.Equal("step,steps,loss,learning_rate,gradient_norm,tokens,tokens_per_second,seconds,generation,world_size,skipped,stall_seconds,validation_loss,validation_perplexity,validation_tokens,validation_full,validation_seconds", lines[0]);
        Assert.Equal(41, lines.Length);
        Assert.Equal("1,100,4,0.001,0.5,1000,2500,0.4,1,1,false,0,,,,,", lines[1]);
        Assert.Equal("20,100,0.2,0.001,0.5,20000,2500,0.4,1,1,false,0,2.0794415416798357,8,4096,false,1", lines[20]);
    }

    [Fact]
    public async Task An_event_file_can_be_read_back_and_has_the_same_numbers()
    {
        RunFolder run = SmallRun.Write(_folder["small"]);
        LoopedResult result = (await LoopedProcess.RunAsync("export-metrics", run.Root, "--format", "tensorboard", "-o", _folder["board"])).Expect(ExitCode.Finished);
        Assert.Contains("tfevents", result.Output, StringComparison.Ordinal);
        IReadOnlyList<EventFile.Event> events = EventFile.Read(File.ReadAllBytes(result.Output.Trim()));
        Assert.Equal("brain.Event:2", events[0].Version);
        Assert.Equal(Enumerable.Range(1, 40).Select(s => (long)s), events.Skip(1).Select(e => e.Step));
        Assert.Equal(Enumerable.Range(1, 40).Select(s => 4f / s), events.Skip(1).Select(e => e.Scalars["train/loss"]));
        Assert.Equal(8, Assert.Single(events, e => e.Scalars.ContainsKey("validation/perplexity")).Scalars["validation/perplexity"]);
        Assert.All(events.Skip(1).Zip(events.Skip(2)), pair => Assert.Equal(0.4, pair.Second.WallTime - pair.First.WallTime, 1e-5));
        Assert.Equal(new DateTimeOffset(File.GetLastWriteTimeUtc(run.Metrics)).ToUnixTimeSeconds(), events[^1].WallTime, 1.0);
    }

    [Fact]
    public void A_run_that_goes_on_is_exported_up_to_its_last_whole_line_and_what_is_not_a_number_stays_so()
    {
        RunFolder run = SmallRun.Write(_folder["small"], 2, []);
        File.AppendAllText(run.Metrics, """{"step":3,"loss":"NaN","skipped":true}""" + "\n" + """{"step":4,"lo""");
        MetricTable table = MetricTable.Read(run);
        Assert.Equal([1, 2, 3, 20], table.Rows.Select(r => r.Step)); // the evaluation was written ahead
        Assert.True(double.IsNaN(table.Rows[2].Number("loss")!.Value));
        Assert.Equal((1.0, null), (table.Rows[2].Number("skipped"), table.Rows[2].Number("tokens")));
        Assert.True(float.IsNaN(EventFile.Read(TensorBoardMetrics.Write(table, DateTimeOffset.UnixEpoch))[3].Scalars["train/loss"]));
    }

    [Fact]
    public void Texts_with_commas_or_quotes_are_quoted()
    {
        RunFolder run = SmallRun.Write(_folder["small"], 0, []);
        File.WriteAllText(run.Metrics, """{"step":1,"note":"a \"b\", c"}""" + "\n");
        Assert.Contains("1,\"a \"\"b\"\", c\"", System.Text.Encoding.UTF8.GetString(CsvMetrics.Write(MetricTable.Read(run))), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_cannot_be_exported_says_why()
    {
        RunFolder run = SmallRun.Write(_folder["small"], 0, []);
        File.Delete(run.Evaluations);
        Assert.Contains("There is nothing to export in", Assert.Throws<UsageException>(() => MetricTable.Read(run)).Message, StringComparison.Ordinal);
        SmallRun.Write(_folder["small"]);
        LoopedResult result = (await LoopedProcess.RunAsync("export-metrics", run.Root, "--format", "xml")).Expect(ExitCode.BadUsage);
        Assert.Contains("--format must be", result.Error, StringComparison.Ordinal);
        Assert.Contains("--format", (await LoopedProcess.RunAsync("export-metrics", run.Root)).Expect(ExitCode.BadUsage).Error, StringComparison.Ordinal);
    }
}
