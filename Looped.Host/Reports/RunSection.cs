using Looped.Models.Recipes;

namespace Looped.Host.Reports;

/// <summary>What was trained, and on what: recipe, environment, and what the page lacks.</summary>
internal static class RunSection
{
    public static void Write(Html page, IReadOnlyList<ReportRun> runs)
    {
        page.Raw("<section><h2>Recipe and environment</h2>");
        if (runs.Count > 1) page.Line($"<div class=\"card wide\"><h3>Differences of the recipes</h3>{Differences(runs)}</div>");
        foreach (ReportRun run in runs)
        {
            string of = runs.Count > 1 ? $" of {run.Name}" : "";
            page.Line($"<div class=\"card wide\"><h3>Environment{of}</h3>{Environment(run)}");
            if (run.Recipe is { } recipe) page.Line($"<details><summary>Resolved recipe{of}</summary><pre>{recipe}</pre></details>");
            if (run.Records.Gaps.Count > 0) page.Line($"<h3>What is missing</h3>{Gaps(run)}");
            page.Raw("</div>\n");
        }
        page.Raw("</section>\n");
    }

    private static Markup Environment(ReportRun run)
    {
        var html = new Html().Raw("<dl>");
        void Row(string name, string? value)
        {
            if (!string.IsNullOrEmpty(value)) html.Line($"<div><dt>{name}</dt><dd>{value}</dd></div>");
        }
        Row("numerics", run.Info?.Numerics);
        foreach ((string library, string version) in run.Info?.Versions ?? new Dictionary<string, string>()) Row(library, version);
        Row("seeds", run.Info is { } info ? string.Join(", ", info.Seeds.Select(s => $"{s.Key} {s.Value}")) : null);
        Row("data SHA-256", run.Info?.DataSha256);
        Row("recipe identity", run.Info?.RecipeIdentity);
        Row("weights SHA-256", run.Records.Summary?.WeightsSha256);
        string[] workers = [.. run.Events.Select(e => e.Event == Actors.Supervision.RunEventKind.Joined ? e.Worker : null).OfType<string>().Distinct()];
        Row("workers", workers.Length > 12 ? $"{workers.Length:N0}, such as {string.Join(", ", workers.Take(12))}" : string.Join(", ", workers));
        Row("run folder", run.Records.Folder.Root);
        return html.Raw("</dl>").Done;
    }

    private static Markup Gaps(ReportRun run)
    {
        var html = new Html().Raw("<ul class=\"gaps\">");
        foreach (string gap in run.Records.Gaps) html.Line($"<li>{gap}</li>");
        return html.Raw("</ul>").Done;
    }

    private static Markup Differences(IReadOnlyList<ReportRun> runs)
    {
        if (runs[0].Bound() is not { } first) return new Html().Line($"<p class=\"note\">the recipe of {runs[0].Name} cannot be read</p>").Done;
        var html = new Html().Raw("<table>");
        bool any = false;
        foreach (ReportRun run in runs.Skip(1))
        {
            if (run.Bound() is not { } other) html.Line($"<tr><td>{run.Name}</td><td colspan=\"3\">its recipe cannot be read</td></tr>");
            else foreach (string difference in RecipeIdentity.Differences(first, other).Select(d => d.ToString()!))
            {
                html.Line($"<tr><td>{run.Name}</td><td><code>{difference}</code></td></tr>");
                any = true;
            }
        }
        html.Raw("</table>");
        return any ? html.Done : new Html().Line($"<p class=\"note\">nothing that could change the weights</p>").Done;
    }
}
