using System.Text;
using Looped.Actors.Recipes;
using Looped.Models.Families;
using Looped.Models.Recipes;

namespace Looped.Host.Recipes;

/// <summary>
/// The page that explains every recipe key: name, type, default and range from the records, the meaning from their doc comments.
/// <c>docs/recipes.md</c> is this text, and a test holds it to that.
/// </summary>
internal static class RecipeKeysPage
{
    private const string Introduction = """
        # Recipes

        A recipe is a YAML file that describes a whole training run. A RECIPE on the command line is the name of a shipped one
        (`looped recipe list`) or a path. What a recipe leaves out has the default below; a key that does not exist, a value of the
        wrong type or out of range is an error that names the file, the line and the nearest valid key.

        - `--set key=value` overrides any key, such as `--set training.steps=300 --set model.width=256`; it may be repeated.
        - `looped recipe show NAME` prints the recipe with every default filled in; a run keeps that as `recipe.yaml`.
        - Keys marked with ° only observe or place a run: they cannot change its weights, and a run may be resumed with another value.
          All other keys together are the run's identity; a run folder made with other values is refused.
        - `extends: OTHER.yaml` in a file, a path beside it, begins with all that the other recipe says (but its `name`); sections are merged key by
          key. A run keeps the resolved recipe, so that it does not depend on the other file.

        This page is the output of `looped recipe keys`; after a change of keys, write it again with
        `looped recipe keys > docs/recipes.md`.
        """;

    /// <summary>The page as Markdown.</summary>
    public static string ToMarkdown()
    {
        var docs = DocComments.Load(typeof(Recipe).Assembly, typeof(RunRecipe).Assembly);
        var page = new StringBuilder(Introduction).Append('\n');
        var defaults = new RunRecipe { Model = null! };
        IReadOnlyList<RecipeKey> keys = RecipeKey.Of(typeof(RunRecipe));
        Section(page, docs, "Top level", "", defaults, keys.Where(k => !k.IsSection), false);
        foreach (RecipeKey key in keys.Where(k => k.IsSection))
        {
            if (key.Type == typeof(ModelConfig))
                Models(page, docs, docs.Of(key.Property));
            else
                Section(page, docs, $"`{key.Name}`", docs.Of(key.Property), key.Property.GetValue(defaults)!, RecipeKey.Of(key.Type), key.ObservesOnly);
        }

        return page.ToString();
    }

    private static void Models(StringBuilder page, DocComments docs, string meaning)
    {
        page.Append($"\n## `model`\n\n{meaning} `family` decides which other keys exist.\n");
        foreach (IFamily family in FamilyRegistry.All)
        {
            Type type = family.DefaultConfig.GetType();
            Section(page, docs, $"`model` with `family: {family.Name}`", docs.Of(type), family.DefaultConfig, RecipeKey.Of(type), false, "###");
        }
    }

    private static void Section(StringBuilder page, DocComments docs, string title, string meaning, object defaults,
        IEnumerable<RecipeKey> keys, bool observesOnly, string heading = "##")
    {
        page.Append($"\n{heading} {title}{(observesOnly ? " °" : "")}\n\n");
        if (meaning != "")
            page.Append(meaning).Append("\n\n");
        page.Append("| key | type | default | meaning |\n| --- | --- | --- | --- |\n");
        foreach (RecipeKey key in keys)
        {
            string mark = key.ObservesOnly || observesOnly ? " °" : "";
            string type = RecipeScalar.Describe(key.Type) + (key.Range is { } range ? $", {RecipeScalar.Limits(range)}" : "") + (key.Nullable ? ", or null" : "");
            string value = key.Required && key.Property.GetValue(defaults) is "" or null && !key.Nullable ? "required" : $"`{Default(key, defaults)}`";
            page.Append($"| `{key.Name}`{mark} | {Cell(type)} | {Cell(value)} | {Cell(docs.Of(key.Property))} |\n");
        }
    }

    private static string Default(RecipeKey key, object defaults) =>
        RecipeScalar.Format(key.Property.GetValue(defaults)) is { Length: > 0 } text ? text : "\"\"";

    private static string Cell(string text) => text.Replace("|", "\\|", StringComparison.Ordinal);
}
