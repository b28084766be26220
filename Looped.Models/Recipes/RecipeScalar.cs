using System.ComponentModel.DataAnnotations;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Looped.Models.Recipes;

/// <summary>The scalar types of a recipe: how each is read, written and described to a person.</summary>
public static partial class RecipeScalar
{
    private static readonly (string Suffix, long Ticks)[] Units =
    [
        ("h", TimeSpan.TicksPerHour), ("m", TimeSpan.TicksPerMinute), ("s", TimeSpan.TicksPerSecond), ("ms", TimeSpan.TicksPerMillisecond),
    ];

    /// <summary>What a value of this type looks like, for a sentence: <c>a whole number</c>.</summary>
    public static string Describe(Type type) =>
        type == typeof(bool) ? "true or false"
        : type == typeof(int) || type == typeof(long) ? "a whole number"
        : type == typeof(double) ? "a number"
        : type == typeof(TimeSpan) ? "a duration such as 500ms, 5s or 2m"
        : type.IsEnum ? $"one of {string.Join(", ", Names(type))}"
        : ElementType(type) is { } element ? $"a list, each item {Describe(element)}"
        : "a text";

    /// <summary>The names of an enumeration's values in a recipe.</summary>
    public static IReadOnlyList<string> Names(Type enumeration) => [.. Enum.GetNames(enumeration).Select(RecipeKey.SnakeCase)];

    /// <summary>A range in words: <c>at least 1</c>, <c>from 0 to 1</c>.</summary>
    public static string Limits(RangeAttribute range)
    {
        string least = Bound(range.Minimum), most = Bound(range.Maximum);
        return range.Maximum is int.MaxValue or long.MaxValue or double.MaxValue ? $"at least {least}" : $"from {least} to {most}";
    }

    private static string Bound(object bound) => Format(bound is string text ? TimeSpan.Parse(text, CultureInfo.InvariantCulture) : bound);

    /// <summary>Writes a value as it is read: invariant, shortest form that gives the same value again.</summary>
    public static string Format(object? value) => value switch
    {
        null => "null",
        bool flag => flag ? "true" : "false",
        double number => number.ToString("R", CultureInfo.InvariantCulture).ToLowerInvariant(),
        TimeSpan duration => Format(duration),
        Enum name => RecipeKey.SnakeCase(name.ToString()),
        string text => text,
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        System.Collections.IEnumerable list => $"[{string.Join(", ", list.Cast<object?>().Select(Format))}]",
        _ => throw new ArgumentException($"A recipe cannot hold a {value.GetType().Name}.", nameof(value)),
    };

    /// <summary>The type of the items where a type is a list, else null.</summary>
    internal static Type? ElementType(Type type) =>
        type.IsGenericType && type.GetGenericTypeDefinition() == typeof(IReadOnlyList<>) ? type.GetGenericArguments()[0] : null;

    /// <summary>Reads a scalar, or says what it should have been.</summary>
    internal static object? Parse(Type type, TextNode node, out string? problem)
    {
        object? value = node.IsNull && type != typeof(string) ? null : Value(type, node);
        problem = value is not null ? null
            : node.IsNull ? $"a value is missing here; it must be {Describe(type)}"
            : $"must be {Describe(type)}, not '{node.Value}'{Advice(type, node)}";
        return value;
    }

    private static object? Value(Type type, TextNode node)
    {
        if (type == typeof(string)) return node.IsNull && node.Value != "" ? null : node.Value;
        if (node.Quoted) return null;
        string text = node.Value;
        if (type == typeof(bool)) return text switch { "true" => true, "false" => false, _ => null };
        if (type == typeof(int)) return int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int i) ? i : null;
        if (type == typeof(long)) return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long l) ? l : null;
        if (type == typeof(double)) return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out double d) && double.IsFinite(d) ? d : null;
        if (type == typeof(TimeSpan)) return Duration(text);
        if (type.IsEnum) return Enum.GetNames(type).FirstOrDefault(n => RecipeKey.SnakeCase(n) == text) is { } name ? Enum.Parse(type, name) : null;
        throw new NotSupportedException($"A recipe cannot hold a {type.Name}.");
    }

    private static string Advice(Type type, TextNode node) =>
        type.IsEnum ? Suggestions.DidYouMean(node.Value, Names(type))
        : node.Quoted && Value(type, node with { Quoted = false }) is not null ? "; remove the quotes"
        : type == typeof(TimeSpan) && Value(typeof(double), node) is not null ? $"; did you mean '{node.Value}s'?"
        : (type == typeof(int) || type == typeof(long)) && Value(typeof(double), node) is double number && Math.Abs(number) > int.MaxValue
            ? "; it is too large"
        : "";

    /// <summary>Reads a duration such as <c>500ms</c>, <c>5s</c> or <c>2m</c>; null for anything else.</summary>
    public static TimeSpan? Duration(string text) =>
        DurationPattern().Match(text) is { Success: true } match
        && decimal.TryParse(match.Groups[1].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out decimal count)
        && count * Units.Single(u => u.Suffix == match.Groups[2].Value).Ticks is var ticks && ticks <= long.MaxValue
            ? TimeSpan.FromTicks((long)ticks)
            : null;

    private static string Format(TimeSpan duration)
    {
        foreach ((string suffix, long ticks) in Units)
        {
            if (duration.Ticks % ticks == 0 && (duration.Ticks != 0 || suffix == "s"))
                return string.Create(CultureInfo.InvariantCulture, $"{duration.Ticks / ticks}{suffix}");
        }

        return string.Create(CultureInfo.InvariantCulture, $"{(decimal)duration.Ticks / TimeSpan.TicksPerMillisecond}ms");
    }

    [GeneratedRegex(@"^(\d{1,12}(?:\.\d{1,7})?)(ms|s|m|h)$", RegexOptions.CultureInvariant)]
    private static partial Regex DurationPattern();
}
