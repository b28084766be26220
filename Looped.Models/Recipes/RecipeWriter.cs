using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Looped.Models.Recipes;

/// <summary>Writes a resolved recipe: every key with its value, always in the same order. Reading it gives an equal recipe.</summary>
public static class RecipeWriter
{
    /// <summary>The recipe as YAML.</summary>
    public static string ToYaml(Recipe recipe)
    {
        using var text = new StringWriter(CultureInfo.InvariantCulture) { NewLine = "\n" };
        var emitter = new Emitter(text, new EmitterSettings(bestIndent: 2, bestWidth: int.MaxValue, isCanonical: false, maxSimpleKeyLength: 1024));
        emitter.Emit(new StreamStart());
        emitter.Emit(new DocumentStart(null, null, isImplicit: true));
        WriteSection(emitter, recipe);
        emitter.Emit(new DocumentEnd(isImplicit: true));
        emitter.Emit(new StreamEnd());
        return text.ToString();
    }

    private static void WriteSection(Emitter emitter, object section)
    {
        emitter.Emit(new MappingStart(AnchorName.Empty, TagName.Empty, isImplicit: true, MappingStyle.Block));
        foreach (RecipeKey key in RecipeKey.Of(section.GetType()))
        {
            emitter.Emit(new Scalar(key.Name));
            WriteValue(emitter, key.Type, key.Property.GetValue(section));
        }

        emitter.Emit(new MappingEnd());
    }

    private static void WriteValue(Emitter emitter, Type type, object? value)
    {
        if (value is not null && RecipeKey.IsSectionType(type))
        {
            WriteSection(emitter, value);
        }
        else if (value is not null && RecipeScalar.ElementType(type) is { } element)
        {
            emitter.Emit(new SequenceStart(AnchorName.Empty, TagName.Empty, isImplicit: true,
                RecipeKey.IsSectionType(element) ? SequenceStyle.Block : SequenceStyle.Flow));
            foreach (object? item in (System.Collections.IEnumerable)value)
                WriteValue(emitter, element, item);
            emitter.Emit(new SequenceEnd());
        }
        else
        {
            ScalarStyle style = value is string text && LooksLikeAnotherType(text) ? ScalarStyle.DoubleQuoted : ScalarStyle.Any;
            emitter.Emit(new Scalar(AnchorName.Empty, TagName.Empty, RecipeScalar.Format(value), style, isPlainImplicit: true, isQuotedImplicit: true));
        }
    }

    /// <summary>Texts that another YAML reader would take for a number, a truth value or nothing.</summary>
    private static bool LooksLikeAnotherType(string text) =>
        text is "" or "~" || text.ToLowerInvariant() is "null" or "true" or "false" or "yes" or "no" or "on" or "off"
        || double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
}
