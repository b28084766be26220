using Looped.Actors.Supervision;
using Looped.Host.Inspection;

namespace Looped.Host.Reports;

/// <summary>How fast, and by whom: throughput, and the workers over time with everything that happened to them.</summary>
internal static class ClusterSection
{
    private const int MostPoints = 900, MostRows = 400, RowsShown = 14;

    private static readonly (RunEventKind Kind, string Name, string Style)[] Lanes =
    [
        (RunEventKind.Joined, "joined", "good"), (RunEventKind.Left, "left", "warn"), (RunEventKind.Lost, "lost", "bad"),
        (RunEventKind.Recovered, "recovered", "info"), (RunEventKind.Restored, "restored", "info"), (RunEventKind.Checkpoint, "checkpoint", "muted"),
    ];

    public static void Write(Html page, IReadOnlyList<ReportRun> runs)
    {
        page.Line($"<section><h2>Workers and speed</h2><div class=\"card wide\"><h3>Workers over time</h3>{(runs.Any(r => r.Events.Count > 0) ? ByTime(runs) : BySteps(runs))}</div>");
        page.Line($"<div class=\"card wide\"><h3>Throughput <small>tokens per second</small></h3>{Throughput(runs)}</div>");
        foreach (ReportRun run in runs.Where(r => r.Events.Count > 0)) page.Line($"<div class=\"card wide\"><h3>What happened{(runs.Count > 1 ? $": {run.Name}" : "")}</h3>{Table(run)}</div>");
        page.Raw("</section>\n");
    }

    private static Markup ByTime(IReadOnlyList<ReportRun> runs)
    {
        ReportRun[] told = [.. runs.Where(r => r.Events.Count > 0)];
        double last = told.Max(r => r.LastMinute);
        (double unit, string name) = last > 180 ? (60, "hours from the first event") : last > 3 ? (1, "minutes from the first event") : (1 / 60.0, "seconds from the first event");
        double At(ReportRun run, RunEvent e) => run.Minutes(e.Time)!.Value / unit;
        var x = new Axis(-0.01 * last / unit, 1.01 * Math.Max(last, 0.01) / unit);
        var chart = new Chart(x, new Axis(0, 0.6 + told.Max(r => r.Events.Max(e => e.WorldSize) ?? 1))) { WholeX = false, WholeY = true, XName = name, Height = 170 };
        foreach (ReportRun run in told)
        {
            chart.Area([.. Sizes(run).Select(s => (s.Minute / unit, (double)s.Size))], run.Colour);
            foreach (RunEvent e in run.Events.Where(e => e.Event is RunEventKind.Lost or RunEventKind.Restored))
                chart.Guide(At(run, e), "bad", $"{LearningSection.Prefix(runs, run)}{EventText.Of(e)}");
        }
        var html = new Html().Line($"<div class=\"timeline\">{chart.Render()}");
        foreach ((RunEventKind kind, string lane, string style) in Lanes)
        {
            (double, string)[] dots = [.. told.SelectMany(r => r.Events.Where(e => e.Event == kind).Select(e => (At(r, e), $"{LearningSection.Prefix(runs, r)}{EventText.Of(e)}")))];
            if (dots.Length > 0) html.Line($"{Chart.Lane(x, lane, style, dots)}");
        }
        return html.Line($"</div><p class=\"note\">{Recoveries(told)}</p>").Done;
    }

    /// <summary>World sizes as the corners of a line of steps.</summary>
    private static IEnumerable<(double Minute, int Size)> Sizes(ReportRun run)
    {
        int size = 0;
        foreach (RunEvent e in run.Events)
        {
            // Between the end of one process and the next generation nobody trains.
            int? now = e.Event switch { RunEventKind.Generation => e.WorldSize ?? size, RunEventKind.Started or RunEventKind.Finished or RunEventKind.Interrupted or RunEventKind.Failed => 0, _ => null };
            if (now is not { } next) continue;
            double minute = run.Minutes(e.Time)!.Value;
            yield return (minute, size);
            yield return (minute, next);
            size = next;
        }
        yield return (run.LastMinute, size);
    }

    private static string Recoveries(ReportRun[] runs)
    {
        double[] seconds = [.. runs.SelectMany(r => r.Events).Where(e => e.Event == RunEventKind.Recovered).Select(e => e.Seconds).OfType<double>().Order()];
        int lost = runs.Sum(r => r.Events.Count(e => e.Event == RunEventKind.Lost));
        string losses = lost == 0 ? "no worker was lost" : lost == 1 ? "1 worker was lost" : $"{lost} workers were lost";
        return seconds.Length == 0 ? losses : $"{losses}; without a committed step for {EventText.Seconds(seconds[seconds.Length / 2])} in the median, {EventText.Seconds(seconds[^1])} at most";
    }

    private static Markup BySteps(IReadOnlyList<ReportRun> runs)
    {
        var chart = new Chart(LearningSection.Across(runs), new Axis(0, 0.6 + runs.Max(r => r.Steps.Select(s => s.WorldSize).DefaultIfEmpty(1).Max()))) { WholeY = true, Height = 170 };
        foreach (ReportRun run in runs) chart.Area([.. Corners(run)], run.Colour);
        return chart.Render();
    }

    private static IEnumerable<(double Step, double Size)> Corners(ReportRun run)
    {
        for (int i = 0; i < run.Steps.Count; i++)
        {
            (long step, int size) = (run.Steps[i].Step, run.Steps[i].WorldSize);
            if (i == 0 || run.Steps[i - 1].WorldSize != size) yield return (step - 1, size);
            if (i == run.Steps.Count - 1 || run.Steps[i + 1].WorldSize != size) yield return (step, size);
        }
    }

    private static Markup Throughput(IReadOnlyList<ReportRun> runs)
    {
        (double X, double Y)[][] raw = [.. runs.Select(r => LearningSection.Points(r, s => s.TokensPerSecond))];
        var chart = new Chart(LearningSection.Across(runs), Axis.Around(raw.SelectMany(LearningSection.Middle), air: 0.3, fromZero: true)) { Height = 200 };
        for (int i = 0; i < runs.Count; i++)
        {
            ReportRun run = runs[i];
            foreach (RunEvent e in run.Events.Where(e => e.Event is RunEventKind.Joined or RunEventKind.Left or RunEventKind.Lost && e.Step > 0))
                chart.Guide(e.Step, Lanes.First(l => l.Kind == e.Event).Style, $"{LearningSection.Prefix(runs, run)}{EventText.Of(e)}");
            chart.Line(Thinning.Extremes(raw[i], MostPoints), $"{run.Colour} faint").Line(Thinning.Evenly(LearningSection.Smooth(raw[i]), MostPoints), $"{run.Colour} strong");
        }
        if (runs.Count == 1) chart.Hover(runs[0].Steps.Where(s => double.IsFinite(s.TokensPerSecond)).Select(s => ((double)s.Step, FormattableString.Invariant($"step {s.Step:N0}: {s.TokensPerSecond:N0} tokens/s, {s.WorldSize} worker{(s.WorldSize == 1 ? "" : "s")}, generation {s.Generation}"))));
        return chart.Render();
    }

    private static Markup Table(ReportRun run)
    {
        bool IsMove(RunEvent e) => e is { Event: RunEventKind.Generation, Reason: "rebalance" };
        RunEvent[] rows = [.. run.Events.Where(e => e.Event is not RunEventKind.Checkpoint && !IsMove(e))];
        int moves = run.Events.Count(IsMove);
        var html = new Html();
        bool folded = rows.Length > RowsShown;
        if (folded) html.Line($"<details><summary>{rows.Length:N0} events</summary>");
        html.Raw("<table class=\"events\">");
        foreach (RunEvent e in rows.Take(MostRows))
        {
            string style = Lanes.FirstOrDefault(l => l.Kind == e.Event).Style ?? (e.Event == RunEventKind.Failed ? "bad" : "muted");
            html.Line($"<tr><td><time datetime=\"{e.Time.ToString("O")}\">{e.Time.ToString("HH:mm:ss.fff")}</time></td><td class=\"{style}\"><i class=\"round\"></i></td><td>{EventText.Of(e)}</td></tr>");
        }
        html.Raw("</table>");
        if (rows.Length > MostRows) html.Line($"<p class=\"note\">and {rows.Length - MostRows:N0} more in events.jsonl</p>");
        html.Raw(folded ? "</details>" : "");
        if (moves > 0) html.Line($"<p class=\"note\">besides, micro-batches were moved to faster workers {(moves == 1 ? "once" : $"{moves:N0} times")}</p>");
        return html.Done;
    }
}
