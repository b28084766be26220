using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Looped.Actors.Runs;

/// <summary>How JSON in a run folder looks: snake case, words for choices, <c>"NaN"</c> and <c>"Infinity"</c> as texts.</summary>
internal static class RunJson
{
    /// <summary>One record a line; what is not known is left out.</summary>
    public static JsonSerializerOptions Line { get; } = Create(indented: false, JsonIgnoreCondition.WhenWritingNull);

    /// <summary>For people too; what is not known is null.</summary>
    public static JsonSerializerOptions Document { get; } = Create(indented: true, JsonIgnoreCondition.Never);

    private static JsonSerializerOptions Create(bool indented, JsonIgnoreCondition ignore) => new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        DefaultIgnoreCondition = ignore,
        WriteIndented = indented,
        NewLine = "\n",
    };
}
