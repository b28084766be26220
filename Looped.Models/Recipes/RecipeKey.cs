using System.Collections.Concurrent;
using System.ComponentModel.DataAnnotations;
using System.Reflection;
using System.Text;

namespace Looped.Models.Recipes;

/// <summary>A key of a recipe section: a settable property of its record, in snake case.</summary>
/// <param name="Name">The key, such as <c>global_sequences</c>.</param>
/// <param name="Property">The property behind it.</param>
/// <param name="Type">Its type; for a nullable value the type of the value.</param>
/// <param name="Nullable">Whether it may be left empty (null).</param>
/// <param name="Range">The values it may take; null for any.</param>
/// <param name="Required">Whether a text must not be empty.</param>
/// <param name="ObservesOnly">Whether it cannot change the weights.</param>
public sealed record RecipeKey(
    string Name, PropertyInfo Property, Type Type, bool Nullable, RangeAttribute? Range, bool Required, bool ObservesOnly)
{
    private static readonly ConcurrentDictionary<Type, IReadOnlyList<RecipeKey>> Known = new();

    /// <summary>Whether the value is a section with keys of its own.</summary>
    public bool IsSection => IsSectionType(Type);

    /// <summary>The keys of a section, those of base records first, in the order in which they are declared.</summary>
    public static IReadOnlyList<RecipeKey> Of(Type section) => Known.GetOrAdd(section, static type =>
        [.. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(p => p.SetMethod is { IsPublic: true })
            .OrderBy(p => Depth(p.DeclaringType!)).ThenBy(p => p.MetadataToken)
            .Select(Describe)]);

    /// <summary>The whole keys of a recipe, those of sections within it included: <c>batch.micro_sequences</c>.</summary>
    internal static IEnumerable<string> Paths(object section, string prefix = "") =>
        Of(section.GetType()).SelectMany(key => key.IsSection && key.Property.GetValue(section) is { } inner
            ? Paths(inner, $"{prefix}{key.Name}.").Prepend(prefix + key.Name)
            : [prefix + key.Name]);

    /// <summary><c>GlobalSequences</c> → <c>global_sequences</c>; <c>Exact64</c> → <c>exact64</c>.</summary>
    public static string SnakeCase(string name)
    {
        var text = new StringBuilder();
        foreach ((int i, char c) in name.Index())
        {
            if (char.IsUpper(c) && i > 0 && (!char.IsUpper(name[i - 1]) || (i + 1 < name.Length && char.IsLower(name[i + 1]))))
                text.Append('_');
            text.Append(char.ToLowerInvariant(c));
        }

        return text.ToString();
    }

    /// <summary>Whether a type is written as a section of keys.</summary>
    internal static bool IsSectionType(Type type) => type.IsClass && type != typeof(string) && RecipeScalar.ElementType(type) is null;

    private static RecipeKey Describe(PropertyInfo property) => new(
        SnakeCase(property.Name),
        property,
        System.Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType,
        new NullabilityInfoContext().Create(property).WriteState is NullabilityState.Nullable,
        property.GetCustomAttribute<RangeAttribute>(),
        property.GetCustomAttribute<RequiredAttribute>() is not null,
        property.GetCustomAttribute<ObservesOnlyAttribute>() is not null);

    private static int Depth(Type type) => type.BaseType is { } parent ? 1 + Depth(parent) : 0;
}
