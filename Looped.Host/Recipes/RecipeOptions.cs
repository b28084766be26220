using System.CommandLine;
using Looped.Actors.Recipes;

namespace Looped.Host.Recipes;

/// <summary>The RECIPE argument and its <c>--set</c>, as every command that reads a recipe has them.</summary>
internal static class RecipeOptions
{
    /// <summary>The RECIPE argument.</summary>
    /// <param name="optional">Whether it may be left out, which means the quickstart.</param>
    public static Argument<string> Recipe(bool optional) => optional
        ? new Argument<string>("RECIPE")
        {
            Description = "The name of a shipped recipe (see `looped recipe list`) or the path of a YAML file.",
            DefaultValueFactory = _ => RecipeSource.Default,
        }
        : new Argument<string>("RECIPE") { Description = "The name of a shipped recipe (see `looped recipe list`) or the path of a YAML file." };

    /// <summary>The repeatable <c>--set key=value</c>.</summary>
    public static Option<string[]> Set() => new("--set")
    {
        Description = "Override a recipe key, such as training.steps=300; may be repeated.",
        HelpName = "KEY=VALUE",
        Arity = ArgumentArity.OneOrMore,
        AllowMultipleArgumentsPerToken = false,
    };

    /// <summary>Reads the recipe that a command line names.</summary>
    public static RunRecipe Load(this ParseResult parsed, Argument<string> recipe, Option<string[]> set) =>
        RecipeSource.Load(parsed.GetRequiredValue(recipe), parsed.GetValue(set) ?? []);
}
