using Looped.Host.Inspection;

namespace Looped.Host.Reports;

/// <summary>What the time went into.</summary>
internal static class TimeSection
{
    /// <summary>What time can go into, in the order in which it is shown.</summary>
    private static readonly (string Key, string Name)[] Kinds =
    [
        ("productive", "steps that count"), ("lost_work", "steps computed again"), ("recovery", "recovery"), ("checkpoint_stall", "checkpoint stalls"),
        ("data_wait", "waiting for data"), ("startup", "start"), ("idle", "idle"), ("other", "start, recovery and pauses"),
    ];

    public static void Write(Html page, IReadOnlyList<ReportRun> runs)
    {
        page.Raw("<section><h2>Where the time went</h2>");
        foreach (ReportRun run in runs)
        {
            (IReadOnlyDictionary<string, double> time, bool measured) = Times(run);
            double total = time.Values.Sum();
            if (total <= 0) continue;
            string title = runs.Count > 1 ? run.Name : "Goodput";
            page.Line($"<div class=\"card wide\"><h3>{title} <b class=\"big\">{100 * time.GetValueOrDefault("productive") / total:0.0} %</b></h3>{Bar(time, total)}{List(time, total)}");
            page.Line($"<p class=\"note\">{(measured ? "over all workers, in seconds of a worker" : "estimated from the durations of the steps: the run is not settled yet, or was by an older version")}</p></div>");
        }
        page.Raw("</section>\n");
    }

    /// <summary>Seconds by kind, exclusive of each other: time that is spent on steps computed again is not productive.</summary>
    internal static (IReadOnlyDictionary<string, double> Time, bool Measured) Times(ReportRun run)
    {
        if (run.Records.Summary?.Time is { Count: > 0 } told)
        {
            var time = told.Where(t => Kinds.Any(k => k.Key == t.Key)).ToDictionary(t => t.Key, t => Math.Max(0, t.Value));
            time["productive"] = Math.Max(0, time.GetValueOrDefault("productive") - time.GetValueOrDefault("lost_work"));
            return (time, true);
        }
        double steps = run.Steps.Select(s => s.Seconds).Where(double.IsFinite).Sum(), stalls = run.Steps.Sum(s => s.StallSeconds);
        double alive = run.Records.Summary?.Seconds ?? (run.Events.Count > 0 ? 60 * run.LastMinute : 0);
        return (new Dictionary<string, double> { ["productive"] = steps, ["checkpoint_stall"] = stalls, ["other"] = Math.Max(0, alive - steps - stalls) }, false);
    }

    private static Markup Bar(IReadOnlyDictionary<string, double> time, double total)
    {
        var html = new Html().Raw("<div class=\"stack\">");
        foreach ((string key, string name) in Kinds.Where(k => time.GetValueOrDefault(k.Key) > 0))
            html.Line($"<span class=\"t-{key}\" style=\"flex-grow:{time[key] / total:0.#####}\" title=\"{name}: {EventText.Seconds(time[key])}\"></span>");
        return html.Raw("</div>").Done;
    }

    private static Markup List(IReadOnlyDictionary<string, double> time, double total)
    {
        var html = new Html().Raw("<ul class=\"parts\">");
        foreach ((string key, string name) in Kinds.Where(k => time.GetValueOrDefault(k.Key) > 0))
            html.Line($"<li><i class=\"t-{key}\"></i>{name}<b>{EventText.Seconds(time[key])}</b><small>{100 * time[key] / total:0.0} %</small></li>");
        return html.Raw("</ul>").Done;
    }
}
