using System.Security.Cryptography;
using System.Text;

namespace Looped.Models.Recipes;

/// <summary>
/// What makes two recipes the same run: a hash of every key that can change the weights. Keys and sections marked
/// <see cref="ObservesOnlyAttribute"/> (name, device, checkpoints, evaluations, cluster, telemetry) are not part of it.
/// </summary>
public static class RecipeIdentity
{
    private const string Steps = "training.steps";

    /// <summary>SHA-256 of the canonical form, 64 lower-case hexadecimal digits.</summary>
    public static string Of(Recipe recipe) => Hash(Keys(recipe));

    /// <summary>The same without <c>training.steps</c>: equal for a run and its extension.</summary>
    public static string WithoutSteps(Recipe recipe) => Hash(Keys(recipe).Where(k => k.Path != Steps));

    /// <summary>The keys that can change the weights and differ between two recipes; a key that one of them lacks is null there.</summary>
    public static IReadOnlyList<RecipeDifference> Differences(Recipe a, Recipe b)
    {
        Dictionary<string, string> left = Keys(a).ToDictionary(k => k.Path, k => k.Value), right = Keys(b).ToDictionary(k => k.Path, k => k.Value);
        return [.. left.Keys.Union(right.Keys).Order(StringComparer.Ordinal)
            .Select(path => new RecipeDifference(path, left.GetValueOrDefault(path), right.GetValueOrDefault(path)))
            .Where(d => d.A != d.B)];
    }

    /// <summary>The canonical form: whole keys with their values as written in a recipe, sorted by key.</summary>
    internal static IEnumerable<(string Path, string Value)> Keys(Recipe recipe) =>
        Keys(recipe, "").OrderBy(k => k.Path, StringComparer.Ordinal);

    private static IEnumerable<(string Path, string Value)> Keys(object section, string prefix) =>
        RecipeKey.Of(section.GetType()).Where(key => !key.ObservesOnly).SelectMany(key => Keys(key.Type, key.Property.GetValue(section), prefix + key.Name));

    private static IEnumerable<(string Path, string Value)> Keys(Type type, object? value, string path)
    {
        if (value is not null && RecipeKey.IsSectionType(type))
            return Keys(value, $"{path}.");
        if (value is not null && RecipeScalar.ElementType(type) is { } element && RecipeKey.IsSectionType(element))
            return ((System.Collections.IEnumerable)value).Cast<object>().Index().SelectMany(item => Keys(element, item.Item, $"{path}[{item.Index}]"));
        return [(path, RecipeScalar.Format(value))];
    }

    private static string Hash(IEnumerable<(string Path, string Value)> keys)
    {
        // A line break within a text would let two different recipes share a form; escaping it keeps the form one line a key.
        string form = string.Concat(keys.Select(k => $"{k.Path}={k.Value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal)}\n"));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(form)));
    }
}

/// <summary>A key in which two recipes differ.</summary>
/// <param name="Path">The whole key, such as <c>batch.global_sequences</c>.</param>
/// <param name="A">Its value in the first; null if it has no such key.</param>
/// <param name="B">Its value in the second.</param>
public sealed record RecipeDifference(string Path, string? A, string? B)
{
    /// <summary><c>batch.global_sequences 16 → 32</c>.</summary>
    public override string ToString() => $"{Path} {A ?? "(absent)"} → {B ?? "(absent)"}";
}
