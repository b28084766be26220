using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Looped.Host.Tests.Dashboards;

/// <summary>A dashboard under cluster-config/grafana.</summary>
internal sealed partial class GrafanaBoard(string path)
{
    public static IReadOnlyList<GrafanaBoard> All { get; } =
        [.. Directory.EnumerateFiles(Repository.File("cluster-config/grafana/dashboards"), "*.json").Order(StringComparer.Ordinal).Select(f => new GrafanaBoard(f))];

    public string Name { get; } = Path.GetFileNameWithoutExtension(path);

    public JsonObject Json { get; } = JsonNode.Parse(File.ReadAllText(path))!.AsObject();

    public IEnumerable<JsonObject> Panels => Json["panels"]!.AsArray().Select(p => p!.AsObject());

    /// <summary>Every query with the panel it belongs to; annotations are queries too.</summary>
    public IEnumerable<(string Panel, string Expression)> Queries =>
        Panels.SelectMany(p => p["targets"]!.AsArray().Select(t => ((string)p["title"]!, (string)t!["expr"]!)))
            .Concat(Json["annotations"]!["list"]!.AsArray().Select(a => ($"annotation {a!["name"]}", (string)a["expr"]!)));

    /// <summary>An expression as Grafana sends it, for a range of two minutes.</summary>
    public static string Substitute(string expression, string run = ".*") => expression
        .Replace("$__rate_interval", "20s", StringComparison.Ordinal).Replace("$__interval", "20s", StringComparison.Ordinal)
        .Replace("$__range", "2m", StringComparison.Ordinal).Replace("$run", run, StringComparison.Ordinal);

    /// <summary>The metrics an expression reads.</summary>
    public static IEnumerable<string> Metrics(string expression) =>
        Identifier().Matches(expression).Select(m => m.Value).Distinct();

    [GeneratedRegex(@"\b(looped|hw|process|dotnet)_[a-z0-9_]+\b(?=\{)", RegexOptions.CultureInvariant)]
    private static partial Regex Identifier();
}
