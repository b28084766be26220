using Looped.Models.Families;

namespace Looped.Models.Recipes;

/// <summary>Reads recipes: YAML text, what it extends below, overrides on top, then strict binding.</summary>
public static class RecipeFile
{
    /// <summary>Reads a recipe file.</summary>
    /// <typeparam name="T">The record to bind to.</typeparam>
    /// <param name="path">The file.</param>
    /// <param name="overrides">Settings such as <c>training.steps=50</c>; later ones win.</param>
    /// <param name="families">The known families; null for all of <see cref="FamilyRegistry"/>.</param>
    /// <exception cref="UsageException">The file cannot be read or used; the message has a line per problem.</exception>
    public static T Load<T>(string path, IEnumerable<string> overrides, IReadOnlyList<IFamily>? families = null) where T : Recipe =>
        Bind<T>(RecipeExtension.Read(path), path, overrides, families);

    /// <summary>Binds YAML text; it cannot extend another recipe, which only a file can name.</summary>
    /// <typeparam name="T">The record to bind to.</typeparam>
    /// <param name="yaml">The text.</param>
    /// <param name="name">Its name in error messages.</param>
    /// <param name="overrides">Settings such as <c>training.steps=50</c>; later ones win.</param>
    /// <param name="families">The known families; null for all of <see cref="FamilyRegistry"/>.</param>
    /// <exception cref="UsageException">The text cannot be used; the message has a line per problem.</exception>
    public static T Parse<T>(string yaml, string name, IEnumerable<string> overrides, IReadOnlyList<IFamily>? families = null) where T : Recipe =>
        Bind<T>(RecipeYaml.ReadFile(yaml, name), name, overrides, families);

    private static T Bind<T>(SectionNode root, string name, IEnumerable<string> overrides, IReadOnlyList<IFamily>? families) where T : Recipe =>
        new RecipeBinder(families ?? FamilyRegistry.All).Bind<T>(RecipeOverrides.Apply(root, overrides), name);
}
