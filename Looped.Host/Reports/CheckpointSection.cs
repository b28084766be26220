using Looped.Actors.Supervision;
using Looped.Host.CommandLine;
using Looped.Host.Inspection;

namespace Looped.Host.Reports;

/// <summary>Checkpoints: how large, and what they cost.</summary>
internal static class CheckpointSection
{
    public static void Write(Html page, IReadOnlyList<ReportRun> runs)
    {
        (ReportRun Run, RunEvent Event)[] written = [.. runs.SelectMany(r => r.Events.Where(e => e.Event == RunEventKind.Checkpoint).Select(e => (r, With(r, e))))];
        if (written.Length == 0) return;
        page.Raw("<section><h2>Checkpoints</h2><div class=\"pair\">");
        double MiB(RunEvent e) => (e.Bytes ?? double.NaN) / (1024 * 1024);
        double Milliseconds(RunEvent e) => 1000 * (e.StallSeconds ?? double.NaN);
        page.Line($"<div class=\"card\"><h3>Size <small>MiB</small></h3>{Bars(runs, written, MiB)}</div>");
        page.Line($"<div class=\"card\"><h3>Training stood still <small>ms</small></h3>{Bars(runs, written, Milliseconds)}</div></div>");
        double[] seconds = [.. written.Select(w => w.Event.Seconds).OfType<double>()];
        string largest = Quantity.Bytes(written.Max(w => w.Event.Bytes ?? 0));
        int failed = runs.Sum(r => r.Events.Count(e => e.Event == RunEventKind.CheckpointFailed));
        string beside = seconds.Length > 0 ? $", written beside training in {EventText.Seconds(seconds.Average())} on average" : "";
        page.Line($"<p class=\"note\">{written.Length:N0} written, up to {largest}{beside}{(failed > 0 ? $"; {failed} could not be written" : "")}</p></section>");
    }

    /// <summary>If the checkpoint was written before the next step was known, that step says how long training stood still for it.</summary>
    private static RunEvent With(ReportRun run, RunEvent e) => e.StallSeconds is not null ? e : e with { StallSeconds = run.Steps.FirstOrDefault(s => s.Step == e.Step + 1)?.StallSeconds };

    private static Markup Bars(IReadOnlyList<ReportRun> runs, IEnumerable<(ReportRun Run, RunEvent Event)> written, Func<RunEvent, double> value)
    {
        var chart = new Chart(LearningSection.Across(runs), Axis.Around(written.Select(w => value(w.Event)), fromZero: true)) { Height = 150, YTicks = 3 };
        foreach ((ReportRun run, RunEvent e) in written) chart.Bar(e.Step, value(e), run.Colour, $"{LearningSection.Prefix(runs, run)}{EventText.Of(e)}");
        return chart.Render();
    }
}
