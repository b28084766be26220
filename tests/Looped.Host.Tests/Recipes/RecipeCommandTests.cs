using System.Text.Json.Nodes;
using Looped.Actors.Recipes;
using Looped.Host.CommandLine;
using Looped.Host.Recipes;
using Looped.Models.Families;
using Looped.Models.Recipes;

namespace Looped.Host.Tests.Recipes;

public class RecipeCommandTests
{
    [Fact]
    public void Every_shipped_recipe_binds_has_its_own_name_and_says_what_it_is() => Assert.All(RecipeSource.Names, name =>
    {
        RunRecipe recipe = RecipeSource.Load(name, []);
        Assert.Equal(name, recipe.Name);
        Assert.Matches(@"^[^#]+[^ ]\.$", RecipeSource.Describe(RecipeSource.PathOf(name)));
    });

    [Fact]
    public async Task The_list_names_every_recipe_with_its_family_and_size()
    {
        JsonArray rows = JsonNode.Parse((await LoopedProcess.RunAsync("recipe", "list", "--json")).Expect(ExitCode.Finished).Output)!.AsArray();
        Assert.Equal(RecipeSource.Names, rows.Select(r => (string?)r!["name"]));
        Assert.All(rows, row =>
        {
            Assert.NotNull(FamilyRegistry.Find((string)row!["family"]!));
            Assert.True((long)row["parameters_about"]! > 0);
        });
        Assert.Equal(77_856, (long)rows.Single(r => (string?)r!["name"] == "addition")!["parameters_about"]!); // as `train --dry-run` counts with the data
        LoopedResult table = (await LoopedProcess.RunAsync("recipe", "list")).Expect(ExitCode.Finished);
        Assert.All(RecipeSource.Names, name => Assert.Contains($" {name} ", table.Output, StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_show_prints_is_the_resolved_recipe_and_reads_back_equal()
    {
        LoopedResult shown = (await LoopedProcess.RunAsync("recipe", "show", "quickstart", "--set", "training.steps=7", "--set", "cluster.worker_timeout=500ms"))
            .Expect(ExitCode.Finished);
        RunRecipe recipe = RecipeFile.Parse<RunRecipe>(shown.Output, "shown", []);
        Assert.Equal((7, TimeSpan.FromSeconds(0.5)), (recipe.Training.Steps, recipe.Cluster.WorkerTimeout));
        Assert.Equal(shown.Output, RecipeWriter.ToYaml(recipe));
        Assert.Equivalent(RecipeSource.Load("quickstart", ["training.steps=7", "cluster.worker_timeout=500ms"]), recipe, strict: true);
    }

    [Theory]
    [InlineData("error: There is no recipe 'quikstart'; did you mean 'quickstart'? (shipped: ", "recipe", "show", "quikstart")]
    [InlineData("error: There is no recipe 'no/such.yaml' (shipped: ", "recipe", "show", "no/such.yaml")]
    [InlineData("error: --set modle.width=3: modle.width: there is no such key; did you mean 'model.width'?\n", "recipe", "show", "--set", "modle.width=3")]
    [InlineData("error: --set telemetry.prometheus_port=70000: telemetry.prometheus_port: must be from 0 to 65535, not 70000\n",
        "recipe", "show", "--set", "telemetry.prometheus_port=70000")]
    [InlineData("error: --set cluster.worker_timeout=1ms: cluster.worker_timeout: must be from 500ms to 1h, not 1ms\n",
        "recipe", "show", "--set", "cluster.worker_timeout=1ms")]
    [InlineData("error: looped recipe has no command 'shwo'; did you mean 'show'?\n", "recipe", "shwo")]
    public async Task A_recipe_that_cannot_be_used_is_bad_usage(string error, params string[] args) =>
        Assert.StartsWith(error, (await LoopedProcess.RunAsync(args)).Expect(ExitCode.BadUsage).Error, StringComparison.Ordinal);

    [Fact]
    public async Task A_recipe_file_is_read_by_its_path_and_its_mistakes_name_the_line()
    {
        using var folder = new Looped.Tests.TemporaryFolder();
        string path = folder["mine.yaml"];
        await File.WriteAllTextAsync(path, "name: mine\nmodel: { family: cotformer, hedas: 3 }\n", TestContext.Current.CancellationToken);
        LoopedResult result = (await LoopedProcess.RunAsync("recipe", "show", path)).Expect(ExitCode.BadUsage);
        Assert.Equal($"error: {path}:2: model.hedas: there is no such key; did you mean 'model.heads'?\n", result.Error);
    }

    [Fact]
    public void Cluster_and_telemetry_are_no_part_of_the_identity() => Assert.Equal(
        RecipeIdentity.Of(RecipeSource.Load("quickstart", [])),
        RecipeIdentity.Of(RecipeSource.Load("quickstart", ["cluster.worker_timeout=9s", "telemetry.otlp=true"])));

    [Fact]
    public void Every_key_is_explained()
    {
        string[] rows = [.. RecipeKeysPage.ToMarkdown().Split('\n').Where(l => l.StartsWith("| `", StringComparison.Ordinal))];
        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.Matches(@"^\| `[a-z0-9_]+`( °)? \| .+ \| .+ \| .{5,} \|$", row));
    }

    [Fact]
    public void The_page_in_docs_is_the_one_the_program_prints()
    {
        string file = Repository.File("docs/recipes.md");
        Assert.True(File.Exists(file) && File.ReadAllText(file) == RecipeKeysPage.ToMarkdown(),
            "docs/recipes.md is not what the records say. Write it again from the repository root:\n"
            + "dotnet Looped.Host/bin/Release/net10.0/Looped.Host.dll recipe keys > docs/recipes.md");
    }
}
