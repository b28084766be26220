using System.Reflection;
using Looped.Actors.Runs;

namespace Looped.Host.Reports;

/// <summary>`report.html`: one page on one or several runs that needs nothing but itself. Light or dark as the reader's system, phone or desktop.</summary>
internal static class ReportPage
{
    private static readonly string Style = ReadStyle();

    /// <summary>The page.</summary>
    /// <param name="folders">One run, or several that are drawn over each other.</param>
    public static string Of(IReadOnlyList<RunFolder> folders)
    {
        ReportRun[] runs = [.. folders.Select(ReportRun.Read)];
        Distinguish(runs);
        var page = new Html();
        page.Line($"<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\" />\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\" />");
        page.Line($"<meta name=\"color-scheme\" content=\"light dark\" />\n<title>{string.Join(", ", runs.Select(r => r.Name))} – Looped</title>\n<style>{new Markup(Style)}</style>\n</head>\n<body>\n<main>");
        Overview.Write(page, runs);
        if (runs.Any(r => r.Steps.Count > 0 || r.Records.Evaluations.Count > 0))
        {
            LearningSection.Write(page, runs);
            ClusterSection.Write(page, runs);
            TimeSection.Write(page, runs);
            CheckpointSection.Write(page, runs);
        }
        RunSection.Write(page, runs);
        string version = typeof(ReportPage).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[0];
        page.Line($"<footer>looped {version} · rest the pointer on a curve or a dot for its numbers</footer>\n</main>\n</body>\n</html>");
        return page.ToString();
    }

    /// <summary>Runs of one name are told apart by their folders.</summary>
    private static void Distinguish(ReportRun[] runs)
    {
        HashSet<string> twice = [.. runs.GroupBy(r => r.Name).Where(g => g.Count() > 1).Select(g => g.Key)];
        for (int i = 0; i < runs.Length; i++)
            if (twice.Contains(runs[i].Name)) runs[i] = runs[i] with { Name = runs[i].Records.Folder.Root };
    }

    private static string ReadStyle()
    {
        using Stream stream = typeof(ReportPage).Assembly.GetManifestResourceStream("Looped.Host.Reports.report.css")!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
