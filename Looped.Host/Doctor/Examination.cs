using System.Text.Json.Nodes;
using Looped.Actors.Clustering;
using Looped.Host.CommandLine;
using Looped.Models.Recipes;

namespace Looped.Host.Doctor;

/// <summary>Every finding about a machine, in the order in which a person would mend them.</summary>
internal sealed record Examination(IReadOnlyList<Finding> Findings)
{
    /// <summary>Whether training can work.</summary>
    public bool CanTrain => Findings.All(f => f.Severity != Severity.Fail);

    /// <summary>Examines this machine.</summary>
    /// <param name="folder">Where runs are to be kept.</param>
    public static Examination Here(string folder) => new([.. SoftwareChecks.Here()
        .Concat(ResourceChecks.Here())
        .Append(() => FolderCheck.Describe(FolderCheck.NearestExisting(folder), FolderCheck.Try(folder)))
        .Concat(GpuChecks.Here())
        .Append(OtlpCheck.Here)
        .Select(Look)]);

    /// <summary>Writes the findings for a person, and the timings of a cluster.</summary>
    public void Print(Terminal terminal, ClusterTimings timings)
    {
        int width = Findings.Max(f => f.Subject.Length);
        foreach (Finding finding in Findings)
        {
            (string colour, string word) = finding.Severity switch
            {
                Severity.Ok => ("green", "ok  "),
                Severity.Warn => ("yellow", "warn"),
                _ => ("red", "fail"),
            };
            terminal.WriteLabelled(word, colour, $"  {finding.Subject.PadRight(width)}  {finding.Fact}");
            if (finding.Remedy is { } remedy)
                terminal.WriteLine($"{new string(' ', width + 8)}→ {remedy}");
        }

        terminal.WriteLine();
        terminal.WriteLine($"Of a cluster with cluster.worker_timeout: {RecipeScalar.Format(timings.WorkerTimeout)}");
        IReadOnlyList<ClusterTiming> rows = timings.Rows();
        int name = rows.Max(r => r.Name.Length), value = rows.Max(r => RecipeScalar.Format(r.Value).Length);
        foreach (ClusterTiming row in rows)
            terminal.WriteLine($"      {row.Name.PadRight(name)}  {RecipeScalar.Format(row.Value).PadLeft(value)}  {row.Meaning}");

        int warnings = Findings.Count(f => f.Severity == Severity.Warn), failures = Findings.Count(f => f.Severity == Severity.Fail);
        terminal.WriteLine();
        terminal.WriteLine(failures > 0 ? $"Training cannot work here yet: {Amount(failures, "finding")} must be mended first."
            : warnings > 0 ? $"This machine can train; {Amount(warnings, "finding")} could be better."
            : "This machine is ready to train.");
    }

    /// <summary>The findings and timings for another program.</summary>
    public JsonObject ToJson(ClusterTimings timings) => new()
    {
        ["can_train"] = CanTrain,
        ["findings"] = new JsonArray([.. Findings.Select(f => new JsonObject
        {
            ["subject"] = f.Subject,
            ["status"] = f.Severity.ToString().ToLowerInvariant(),
            ["fact"] = f.Fact,
            ["remedy"] = f.Remedy,
        })]),
        ["timings"] = new JsonArray([.. timings.Rows().Select(r => new JsonObject
        {
            ["name"] = r.Name,
            ["milliseconds"] = r.Value.TotalMilliseconds,
            ["meaning"] = r.Meaning,
        })]),
    };

    private static string Amount(int count, string noun) => $"{count} {noun}{(count == 1 ? "" : "s")}";

    private static Finding Look(Func<Finding> check)
    {
        try
        {
            return check();
        }
#pragma warning disable CA1031 // One thing that cannot be examined must not hide the others.
        catch (Exception e)
        {
            return Finding.Warn("examination", $"something could not be examined: {e.GetType().Name}: {e.Message}", "please report this as a defect of `looped doctor`");
        }
#pragma warning restore CA1031
    }
}
