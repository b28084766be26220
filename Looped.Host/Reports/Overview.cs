using System.Globalization;
using Looped.Actors.Supervision;
using Looped.Actors.Training;
using Looped.Host.CommandLine;
using Looped.Host.Inspection;

namespace Looped.Host.Reports;

/// <summary>The top of the page: which runs, and the numbers that matter.</summary>
internal static class Overview
{
    public static void Write(Html page, IReadOnlyList<ReportRun> runs)
    {
        string title = runs.Count == 1 ? runs[0].Name : $"{runs.Count} runs";
        page.Line($"<header><h1>{title}{(runs.Count == 1 ? Pill(runs[0]) : default)}</h1><p>{(runs.Count == 1 ? Subtitle(runs[0]) : string.Join(" · ", runs.Select(r => r.Name)))}</p></header>");
        if (runs.Count == 1) Tiles(page, runs[0]);
        else Compare(page, runs);
    }

    private static Markup Pill(ReportRun run)
    {
        string status = Status(run);
        return new Html().Line($" <span class=\"pill {(status switch { "finished" => "good", "failed" => "bad", "running" => "info", _ => "warn" })}\">{status}</span>").Done;
    }

    private static string Status(ReportRun run) => RunState.StatusOf(run.Records);

    private static string Subtitle(ReportRun run)
    {
        var parts = new List<string>();
        if (run.Bound() is { } recipe) parts.Add($"{recipe.Model.Family}, sequences of {recipe.Model.SequenceLength:N0} tokens, {recipe.Batch.GlobalSequences} a step");
        if (run.Records.Summary?.Parameters is { } parameters) parts.Add($"{Quantity.Count(parameters)} parameters");
        if (run.Events.Count > 0) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{run.Events[0].Time:yyyy-MM-dd HH:mm} UTC"));
        return string.Join(" · ", parts);
    }

    private static void Tiles(Html page, ReportRun run)
    {
        StepReport? last = run.Steps.Count > 0 ? run.Steps[^1] : null;
        page.Raw("<div class=\"tiles\">");
        void Tile(string name, string value, string below) => page.Line($"<div class=\"tile\"><small>{name}</small><b>{value}</b><span>{below}</span></div>");
        Tile("steps", last is null ? "0" : $"{last.Step:N0}", last is null ? "none committed yet" : $"of {last.Steps:N0}; {Quantity.Count(last.Tokens)} tokens");
        if (run.Records.Evaluations is [.., { } evaluation])
            Tile("perplexity", Perplexity(evaluation.Perplexity), run.Records.Evaluations.Count > 1 ? $"validation; it began at {Perplexity(run.Records.Evaluations[0].Perplexity)}" : $"validation at step {evaluation.Step:N0}");
        Tile("tokens per second", Speed(run) is { } speed ? Quantity.Count(speed) : "–", "median of the steps");
        Tile("goodput", Goodput(run) is { } goodput ? $"{100 * goodput:0.0} %" : "–", "time in steps that count");
        if (run.Steps.Count > 0) Tile("workers", Workers(run), Generations(run));
        if (run.Events.Count > 0) Tile("losses", $"{run.Events.Count(e => e.Event == RunEventKind.Lost):N0}", Recovery(run));
        page.Raw("</div>\n");
    }

    private static void Compare(Html page, IReadOnlyList<ReportRun> runs)
    {
        page.Raw("<div class=\"card wide scroll\"><table class=\"compare\"><tr><th>run</th><th>status</th><th>steps</th><th>validation perplexity</th><th>tokens/s</th><th>goodput</th><th>workers</th><th>losses</th></tr>");
        foreach (ReportRun run in runs)
        {
            string perplexity = run.Records.Evaluations is [.., { } e] ? Perplexity(e.Perplexity) : "–", steps = run.Steps is [.., { } s] ? $"{s.Step:N0} of {s.Steps:N0}" : "0";
            page.Line($"<tr><td class=\"{run.Colour}\"><i class=\"strong\"></i>{run.Name}</td><td>{Status(run)}</td><td>{steps}</td><td>{perplexity}</td><td>{(Speed(run) is { } speed ? Quantity.Count(speed) : "–")}</td>");
            page.Line($"<td>{(Goodput(run) is { } g ? $"{100 * g:0.0} %" : "–")}</td><td>{(run.Steps.Count > 0 ? Workers(run) : "–")}</td><td>{run.Events.Count(x => x.Event == RunEventKind.Lost):N0}</td></tr>");
        }
        page.Raw("</table></div>\n");
    }

    private static string Perplexity(double value) => value.ToString(value < 100 ? "0.00" : "#,0", CultureInfo.InvariantCulture);

    private static double? Speed(ReportRun run)
    {
        double[] speeds = [.. run.Steps.Select(s => s.TokensPerSecond).Where(double.IsFinite).Order()];
        return speeds.Length == 0 ? null : speeds[speeds.Length / 2];
    }

    private static double? Goodput(ReportRun run)
    {
        IReadOnlyDictionary<string, double> time = TimeSection.Times(run).Time;
        double total = time.Values.Sum();
        return total > 0 ? time.GetValueOrDefault("productive") / total : null;
    }

    private static string Workers(ReportRun run)
    {
        (int fewest, int most) = (run.Steps.Min(s => s.WorldSize), run.Steps.Max(s => s.WorldSize));
        return fewest == most ? $"{most}" : $"{fewest} – {most}";
    }

    private static string Generations(ReportRun run) => run.Steps.Select(s => s.Generation).Distinct().Count() is var count && count == 1 ? "1 generation" : $"{count:N0} generations";

    private static string Recovery(ReportRun run)
    {
        double[] seconds = [.. run.Events.Where(e => e.Event == RunEventKind.Recovered).Select(e => e.Seconds).OfType<double>().Order()];
        return seconds.Length == 0 ? "nobody had to recover" : $"recovered in {EventText.Seconds(seconds[seconds.Length / 2])} (median)";
    }
}
