using System.Text.Json;
using System.Text.Json.Nodes;

namespace Looped.Models.Evaluation.Parity;

/// <summary>Reads values from a reference vector's JSON; errors say which key of which file.</summary>
public static class ParityJson
{
    /// <summary>The JSON object in a file.</summary>
    /// <exception cref="LoopedException">It cannot be read, or is something else.</exception>
    public static JsonObject Read(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllBytes(path)) as JsonObject ?? throw new LoopedException($"{path} is not a JSON object.");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new LoopedException($"{path} cannot be read as JSON: {e.Message}", e);
        }
    }

    /// <summary>A text.</summary>
    /// <exception cref="LoopedException">It is missing or no text.</exception>
    public static string Text(this JsonObject json, string key, string path) =>
        Get<string>(json, key, path) ?? throw Missing(key, path, "text");

    /// <summary>A whole number; <paramref name="absent"/> where the key is missing or null.</summary>
    /// <exception cref="LoopedException">It is missing and there is no default, or is no whole number.</exception>
    public static int Integer(this JsonObject json, string key, string path, int? absent = null) =>
        Get<int?>(json, key, path) ?? absent ?? throw Missing(key, path, "whole number");

    /// <summary>A number; <paramref name="absent"/> where the key is missing or null.</summary>
    /// <exception cref="LoopedException">It is missing and there is no default, or is no number.</exception>
    public static double Real(this JsonObject json, string key, string path, double? absent = null) =>
        Get<double?>(json, key, path) ?? absent ?? throw Missing(key, path, "number");

    /// <summary>A list of numbers; null where the key is missing or null.</summary>
    /// <exception cref="LoopedException">It is something else.</exception>
    public static IReadOnlyList<double>? Reals(this JsonObject json, string key, string path)
    {
        ArgumentNullException.ThrowIfNull(json);
        if (json[key] is not { } node) return null;
        return node is JsonArray list && list.All(n => n is JsonValue value && value.TryGetValue<double>(out _))
            ? [.. list.Select(n => n!.GetValue<double>())]
            : throw new LoopedException($"{path}: `{key}` is {node.ToJsonString()}, not a list of numbers.");
    }

    /// <summary>A truth value; <paramref name="absent"/> where the key is missing or null.</summary>
    public static bool Truth(this JsonObject json, string key, string path, bool absent) => Get<bool?>(json, key, path) ?? absent;

    /// <summary>An object.</summary>
    /// <exception cref="LoopedException">It is missing or something else.</exception>
    public static JsonObject Section(this JsonObject json, string key, string path)
    {
        ArgumentNullException.ThrowIfNull(json);
        return json[key] as JsonObject ?? throw Missing(key, path, "object");
    }

    private static T? Get<T>(JsonObject json, string key, string path)
    {
        ArgumentNullException.ThrowIfNull(json);
        try
        {
            return json[key] is { } node ? node.GetValue<T>() : default;
        }
        catch (Exception e) when (e is InvalidOperationException or FormatException)
        {
            throw new LoopedException($"{path}: `{key}` is {json[key]!.ToJsonString()}, not a {typeof(T).Name.ToLowerInvariant()}.", e);
        }
    }

    private static LoopedException Missing(string key, string path, string what) => new($"{path}: the {what} `{key}` is missing.");
}
