using System.CommandLine;
using System.Text.Json.Nodes;
using Looped.Host.CommandLine;
using Looped.Host.Recipes;
using Looped.Models.Data.Tasks;
using Looped.Models.Families;
using Looped.Models.Recipes;
using Spectre.Console;

namespace Looped.Host.Commands;

/// <summary><c>looped recipe</c>: what recipes there are, and what they say in full.</summary>
internal static class RecipeCommand
{
    public static Command Create() => new LoopedCommand("recipe", "List, print and explain recipes.")
    {
        Examples = ["looped recipe show quickstart"],
        Subcommands = { CreateList(), CreateShow(), CreateKeys() },
    };

    private static LoopedCommand CreateList()
    {
        Option<bool> json = new("--json") { Description = "Print JSON." };
        var command = new LoopedCommand("list", "List the shipped recipes.") { Examples = ["looped recipe list"], Options = { json } };
        command.SetAction(parsed => List(parsed.GetValue(json)));
        return command;
    }

    private static LoopedCommand CreateShow()
    {
        Argument<string> recipe = RecipeOptions.Recipe(optional: true);
        Option<string[]> set = RecipeOptions.Set();
        var command = new LoopedCommand("show", "Print a recipe with every default filled in and every override applied.")
        {
            Examples = ["looped recipe show quickstart --set training.steps=300"],
            Arguments = { recipe },
            Options = { set },
        };
        command.SetAction(parsed => Terminal.Out.Write(RecipeWriter.ToYaml(parsed.Load(recipe, set))));
        return command;
    }

    private static LoopedCommand CreateKeys()
    {
        var command = new LoopedCommand("keys", "Explain every recipe key: type, default, range, meaning (Markdown).")
        {
            Examples = ["looped recipe keys"],
        };
        command.SetAction(_ => Terminal.Out.Write(RecipeKeysPage.ToMarkdown()));
        return command;
    }

    private static void List(bool json)
    {
        var rows = RecipeSource.Names.Select(name =>
        {
            Recipe recipe = RecipeSource.Load(name, []);
            return (Name: name, recipe.Model.Family, Parameters: CountParameters(recipe), About: RecipeSource.Describe(RecipeSource.PathOf(name)));
        });
        if (json)
        {
            Terminal.Out.WriteJson(new JsonArray([.. rows.Select(r => new JsonObject
            {
                ["name"] = r.Name,
                ["family"] = r.Family,
                ["parameters_about"] = r.Parameters,
                ["description"] = r.About,
            })]));
            return;
        }

        Table table = new Table().Border(TableBorder.Simple).AddColumn("recipe").AddColumn("family")
            .AddColumn("parameters", c => c.RightAligned()).AddColumn("about");
        foreach (var row in rows)
            table.AddRow(new Text(row.Name), new Text(row.Family), new Text($"≈ {Quantity.Count(row.Parameters)}"), new Text(row.About));
        Terminal.Out.Console.Write(table);
    }

    /// <summary>About how many numbers are trained: a vocabulary that only the data knows is taken as 128 characters, unless they are sums.</summary>
    private static long CountParameters(Recipe recipe)
    {
        int vocabulary = recipe.Model.Vocabulary > 0 ? recipe.Model.Vocabulary : recipe.Data.Source == AdditionDataset.SourceName ? AdditionDataset.Vocabulary : 128;
        using LanguageModel model = FamilyRegistry.Find(recipe.Model.Family)!.Outline(recipe.Model, vocabulary);
        return model.ParameterCount();
    }
}
