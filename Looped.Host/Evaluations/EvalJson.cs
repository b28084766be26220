using System.Text.Json.Nodes;
using Looped.Models.Evaluation;

namespace Looped.Host.Evaluations;

/// <summary>Results as JSON; what is not a finite number is null.</summary>
internal static class EvalJson
{
    public static JsonNode? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;

    /// <summary>Adds what <c>looped eval</c> measures to an object.</summary>
    public static JsonObject Add(JsonObject json, PerplexityResult result)
    {
        json["tokens"] = result.Tokens;
        json["sequences"] = result.Sequences;
        json["loss"] = Number(result.Loss);
        json["standard_error"] = Number(result.StandardError);
        json["perplexity"] = Number(result.Perplexity);
        json["perplexity_low"] = Number(result.Interval.Low);
        json["perplexity_high"] = Number(result.Interval.High);
        json["accuracy"] = Number(result.Accuracy);
        return json;
    }
}
