using System.Text.Json;
using System.Text.Json.Nodes;

namespace Looped.Host.Inspection;

/// <summary>What can be read of a `summary.json`, of whatever version. What it does not say is null.</summary>
/// <param name="Status">`finished`, `interrupted` or `failed`.</param>
/// <param name="Steps">Committed steps.</param>
/// <param name="Parameters">Number of trained numbers.</param>
/// <param name="Seconds">Duration over all processes.</param>
/// <param name="Goodput">Share of that time spent in steps that count.</param>
/// <param name="UnigramPerplexity">Of a model without context.</param>
/// <param name="WeightsSha256">Hash of the last weights.</param>
/// <param name="Error">What ended a failed run.</param>
/// <param name="Time">Seconds by what they went into: `productive`, `startup`, `data_wait`, `checkpoint_stall`, `recovery`, `lost_work`, `idle`.</param>
internal sealed record SummaryRecord(string? Status, long? Steps, long? Parameters, double? Seconds, double? Goodput, double? UnigramPerplexity,
    string? WeightsSha256, string? Error, IReadOnlyDictionary<string, double> Time)
{
    /// <summary>Reads the file; null if there is none or it cannot be read, which is then said.</summary>
    public static SummaryRecord? Read(string path, ICollection<string> gaps)
    {
        if (!File.Exists(path)) return null;
        try
        {
            JsonNode node = JsonNode.Parse(File.ReadAllText(path)) ?? throw new JsonException("it is empty");
            return new SummaryRecord(Text(node["status"]), (long?)Number(node["steps"]), (long?)Number(node["parameters"]), Number(node["seconds"]),
                Number(node["goodput"]), Number(node["validation"]?["unigram_perplexity"]), Text(node["weights_sha256"]), Text(node["error"]),
                (node["time"] as JsonObject ?? []).Where(t => Number(t.Value) is not null).ToDictionary(t => t.Key, t => Number(t.Value)!.Value));
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException or InvalidOperationException)
        {
            gaps.Add($"summary.json cannot be read ({e.Message})");
            return null;
        }
    }

    private static double? Number(JsonNode? node) => node is JsonValue value && value.TryGetValue(out double number) && double.IsFinite(number) ? number : null;

    private static string? Text(JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}
