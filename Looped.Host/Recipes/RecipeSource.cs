using Looped.Actors.Recipes;
using Looped.Models;
using Looped.Models.Recipes;

namespace Looped.Host.Recipes;

/// <summary>Finds a RECIPE as typed on the command line: the name of a shipped one, or a path.</summary>
internal static class RecipeSource
{
    /// <summary>The recipe of <c>looped train</c> without an argument.</summary>
    public const string Default = "quickstart";

    private const string Extension = ".yaml";

    /// <summary>Where the shipped recipes lie, beside the program.</summary>
    private static string Folder => Path.Combine(AppContext.BaseDirectory, "recipes");

    /// <summary>The shipped recipes, by name.</summary>
    public static IReadOnlyList<string> Names { get; } =
        [.. Directory.EnumerateFiles(Folder, $"*{Extension}").Select(f => Path.GetFileNameWithoutExtension(f)!).Order(StringComparer.Ordinal)];

    /// <summary>Reads and checks a recipe.</summary>
    /// <param name="nameOrPath">A shipped name or a path.</param>
    /// <param name="overrides">The values of <c>--set</c>.</param>
    /// <exception cref="UsageException">There is no such recipe, or it cannot be used.</exception>
    public static RunRecipe Load(string nameOrPath, IEnumerable<string> overrides) =>
        RecipeFile.Load<RunRecipe>(PathOf(nameOrPath), overrides);

    /// <summary>The file of a recipe. A shipped name wins over a file of that name: <c>./name</c> means the file.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static string PathOf(string nameOrPath)
    {
        if (Names.Contains(nameOrPath))
            return Path.Combine(Folder, nameOrPath + Extension);
        if (File.Exists(nameOrPath))
            return nameOrPath;
        throw new UsageException($"There is no recipe '{nameOrPath}'{Suggestions.DidYouMean(nameOrPath, Names)} "
            + $"(shipped: {string.Join(", ", Names)}; a file of your own is named by its path)");
    }

    /// <summary>The first sentence of a recipe's leading comment, or an empty text.</summary>
    public static string Describe(string path)
    {
        string paragraph = string.Join(' ', File.ReadLines(path).Select(line => line.StartsWith('#') ? line[1..].Trim() : "").TakeWhile(line => line.Length > 0));
        return paragraph.IndexOf(". ", StringComparison.Ordinal) is >= 0 and var end ? paragraph[..(end + 1)] : paragraph;
    }
}
