using System.Text;
using System.Xml.Linq;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Actors.Training;
using Looped.Host.CommandLine;
using Looped.Host.Reports;
using Looped.Host.Tests.Commands;
using Looped.Tests;

namespace Looped.Host.Tests.Reports;

public sealed class ReportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The page as a tree: a page that is not well formed does not get here.</summary>
    private static XElement Page(params RunFolder[] runs) => XDocument.Parse(ReportPage.Of(runs)).Root!;

    private static string[] Titles(XElement page, string style) =>
        [.. page.Descendants().Where(e => e.Name.LocalName == "path" && $" {e.Attribute("class")?.Value} ".Contains($" {style} ", StringComparison.Ordinal)).Select(e => e.Value)];

    private static bool Says(XElement page, string text) => page.Value.Contains(text, StringComparison.Ordinal);

    [Fact]
    public async Task It_is_written_into_the_run_folder_and_needs_nothing_from_elsewhere()
    {
        RunFolder run = SmallRun.WithEvents(_folder["small"]);
        LoopedResult result = (await LoopedProcess.RunAsync("report", run.Root)).Expect(ExitCode.Finished);
        Assert.Equal(run.Report, result.Output.Trim());
        string page = File.ReadAllText(run.Report);
        foreach (string outside in (string[])["http:", "https:", "//", "src=", "<script", "@import", "url("]) Assert.DoesNotContain(outside, page, StringComparison.Ordinal);
        Assert.Contains("prefers-color-scheme: dark", page, StringComparison.Ordinal);
        Assert.Contains("width=device-width", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_join_loss_and_recovery_is_annotated_on_the_workers_over_time()
    {
        XElement page = Page(SmallRun.WithEvents(_folder["small"]));
        Assert.Equal(["node-1 joined at step 0", "node-2 joined at step 0", "node-3 joined at step 30"], Titles(page, "good").Where(t => t.Contains("joined", StringComparison.Ordinal)).Distinct());
        Assert.Contains("node-2 was lost at step 25 (its connection broke)", Titles(page, "bad"));
        Assert.Contains("recovered from the loss of node-2 in 230 ms: step 26 by 1 worker", Titles(page, "info"));
        Assert.True(Says(page, "1 worker was lost; without a committed step for 230 ms in the median"));
        Assert.True(Says(page, "generation 3 runs with 2 workers from step 30 on (join)"));
    }

    [Fact]
    public void Checkpoints_have_their_size_and_how_long_training_stood_still()
    {
        RunFolder run = SmallRun.WithEvents(_folder["small"]);
        string[] lines = File.ReadAllLines(run.Metrics);
        lines[20] = lines[20].Replace("\"stall_seconds\":0", "\"stall_seconds\":0.012", StringComparison.Ordinal); // before step 21
        File.WriteAllLines(run.Metrics, lines);
        Assert.Contains("checkpoint of step 20: 3.00 MiB, written in 500 ms; training stood still for 12 ms", Titles(Page(run), "bar"));
    }

    [Fact]
    public void Goodput_is_told_by_cause_and_steps_computed_again_are_not_counted_as_good()
    {
        RunFolder run = SmallRun.WithEvents(_folder["small"]);
        File.WriteAllText(run.Summary, """{"status":"finished","steps":40,"seconds":100,"goodput":0.8,"time":{"productive":90,"lost_work":10,"recovery":5,"startup":5,"idle":0}}""");
        (IReadOnlyDictionary<string, double> time, bool measured) = TimeSection.Times(ReportRun.Read(run, 0));
        Assert.True(measured);
        Assert.Equal((80, 10, 100), (time["productive"], time["lost_work"], time.Values.Sum()));
        XElement page = Page(run);
        Assert.True(Says(page, "80.0 %"));
        Assert.True(Says(page, "steps computed again"));
    }

    [Fact]
    public void Spikes_of_the_gradient_norm_are_marked_and_a_falling_norm_is_none()
    {
        StepReport Step(int step, double norm) => new(step, 100, 2, 1e-3, norm, step, 1, 1, 1, 1, false);
        StepReport[] steps = [.. Enumerable.Range(1, 60).Select(s => Step(s, 100.0 / s))];
        Assert.Empty(Spikes.Of(steps));
        steps[39] = Step(40, 50);
        steps[20] = Step(21, double.NaN);
        Assert.Equal([40L], Spikes.Of(steps).Select(s => s.Step));
    }

    [Fact]
    public void Whatever_a_run_is_called_and_says_is_text_and_never_markup()
    {
        RunFolder run = SmallRun.Write(_folder["<b>&\"{0}'"]);
        File.WriteAllText(run.Recipe, "name: \"<script>alert(1)</script>\" # {1}\n");
        RunEventLog.Append(run, new RunEvent(RunEventKind.Failed, 3) { Reason = "<img onerror=x> & {2} \u0001" });
        string page = ReportPage.Of([run]);
        Assert.DoesNotContain("<script", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<img", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<b>&", page, StringComparison.Ordinal);
        Assert.True(Says(Page(run), "<b>&\"{0}'"));
    }

    [Fact]
    public void Several_runs_share_the_axes_and_are_told_apart()
    {
        RunFolder a = SmallRun.WithEvents(_folder["a/tiny"]), b = SmallRun.Write(_folder["b/tiny"], departs: 10);
        XElement page = Page(a, b);
        Assert.True(Says(page, a.Root) && Says(page, b.Root)); // two runs of one name
        Assert.NotEmpty(Titles(page, "c1"));
        Assert.Contains(Titles(page, "bad"), t => t.StartsWith(a.Root + ", node-2 was lost", StringComparison.Ordinal));
    }

    [Fact]
    public void A_run_of_an_older_version_shows_what_there_is_and_says_what_is_missing()
    {
        RunFolder run = SmallRun.Write(_folder["old"], 0, []);
        File.WriteAllText(run.Metrics, string.Concat(Enumerable.Range(1, 9).Select(s => $$"""{"step":{{s}},"loss":{{s}},"seconds":1}""" + "\n")) + """{"step":10,"l""");
        File.Delete(run.Evaluations);
        XElement page = Page(run);
        foreach (string gap in (string[])["events.jsonl is missing", "gradient_norm", "recipe.yaml is missing", "there is no checkpoint"]) Assert.True(Says(page, gap), gap);
        Assert.DoesNotContain("NaN", page.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Only_a_curve_that_is_smoothed_is_called_so_and_one_generation_is_one()
    {
        XElement few = Page(SmallRun.Write(_folder["few"], 39)), many = Page(SmallRun.WithEvents(_folder["many"]));
        Assert.Equal((false, true), (Says(few, "smoothed"), Says(many, "training, smoothed")));
        Assert.Equal((false, true), (Says(few, "1 generations"), Says(few, "1 generation")));
    }

    [Fact]
    public void A_run_without_a_step_has_a_page() => Assert.True(Says(Page(SmallRun.Write(_folder["new"], 0, [])), "none committed yet"));

    [Fact]
    public void A_loss_that_is_not_a_number_breaks_the_curve_and_nothing_else()
    {
        RunFolder run = SmallRun.Write(_folder["nan"]);
        File.AppendAllText(run.Metrics, """{"step":41,"steps":100,"loss":"NaN","learning_rate":0.001,"gradient_norm":"Infinity","tokens":41000,"tokens_per_second":2500,"seconds":0.4,"generation":1,"world_size":1,"skipped":true}""" + "\n");
        Assert.Contains("step 41: skipped, a gradient was not acceptable", Titles(Page(run), "bad"));
    }

    [Fact]
    public void A_long_run_gives_a_page_of_ordinary_size_in_which_no_spike_is_lost()
    {
        (double X, double Y)[] points = [.. Enumerable.Range(0, 100_000).Select(i => ((double)i, i == 71_717 ? 50 : Math.Sin(i)))];
        IReadOnlyList<(double X, double Y)> thin = Thinning.Extremes(points, 900);
        Assert.InRange(thin.Count, 400, 1000);
        Assert.Contains((71_717, 50), thin);
        Assert.Equal(thin.OrderBy(p => p.X), thin);
        Assert.InRange(Encoding.UTF8.GetByteCount(ReportPage.Of([SmallRun.Write(_folder["long"], 20_000, [])])), 1, 300_000);
    }

    [Theory]
    [InlineData(0, 10, 5, "0 2 4 6 8 10")]
    [InlineData(-0.3, 4.9, 4, "0 2 4")]
    [InlineData(0, 0.00095, 3, "0 5e-4")]
    [InlineData(0, 123456, 3, "0 50k 100k")]
    [InlineData(2.31, 2.34, 3, "2.31 2.32 2.33 2.34")]
    public void Ticks_are_round_numbers(double low, double high, int about, string expected) =>
        Assert.Equal(expected, string.Join(' ', new Axis(low, high).Ticks(about).Select(Axis.Label)));

    [Fact]
    public void A_logarithmic_axis_has_decades_and_puts_equal_ratios_at_equal_distances()
    {
        var axis = Axis.Around([0.01, 1, 100], air: 0, logarithmic: true);
        Assert.Equal(0.5, axis.At(1), 1e-12);
        Assert.Equal(["0.01", "0.1", "1", "10", "100"], axis.Ticks(4).Select(Axis.Label));
    }
}
