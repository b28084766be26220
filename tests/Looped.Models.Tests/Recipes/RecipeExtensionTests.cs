using Looped.Models.Recipes;
using Looped.Models.Tests.Data;

namespace Looped.Models.Tests.Recipes;

public sealed class RecipeExtensionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void What_the_other_recipe_says_holds_but_for_what_this_one_says()
    {
        Write("far.yaml", "name: far\nseed: 5\nmodel: { family: toy, width: 96, heads: 3 }\noptimizer: { betas: [0.1, 0.2], clip_norm: 7 }\n");
        Write("near.yaml", "extends: far.yaml\nname: near\nmodel: { width: 48 }\noptimizer: { betas: [0.3, 0.4] }\n");
        Recipe recipe = Load(Write("own.yaml", "name: own\nextends: near.yaml\nbatch: { micro_sequences: 2 }\n"), "optimizer.clip_norm=8");
        var model = Assert.IsType<ToyConfig>(recipe.Model);
        Assert.Equal(("own", 5L, 48, 3, 2), (recipe.Name, recipe.Seed, model.Width, model.Heads, recipe.Batch.MicroSequences));
        Assert.Equal([0.3, 0.4], recipe.Optimizer.Betas);
        Assert.Equal(8, recipe.Optimizer.ClipNorm);
    }

    [Fact]
    public void The_resolved_recipe_stands_on_its_own()
    {
        Write("far.yaml", "name: far\nmodel: { family: toy, width: 96 }\n");
        Recipe recipe = Load(Write("own.yaml", "name: own\nextends: far.yaml\n"));
        Assert.Equivalent(recipe, RecipeFile.Parse<Recipe>(RecipeWriter.ToYaml(recipe), "resolved", [], ToyFamily.Only), strict: true);
    }

    [Theory]
    [InlineData("model: { family: toy }", "own.yaml: name: this key is required")]
    [InlineData("name: own\nmodel: { widht: 3 }", "own.yaml:3: model.widht: there is no such key; did you mean 'model.width'?")]
    [InlineData("name: own\nseed: 1\nseed: 2", "own.yaml:4: seed: is given twice, first in own.yaml:3; keep one")]
    public void Mistakes_are_named_as_in_any_recipe(string own, string expected)
    {
        Write("far.yaml", "name: far\nmodel: { family: toy, width: 96 }\n");
        Assert.StartsWith(expected, Refused(Write("own.yaml", $"extends: far.yaml\n{own}\n")).Replace($"{_folder.Path}/", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void A_mistake_in_the_other_recipe_names_that_file()
    {
        string far = Write("far.yaml", "name: far\nmodel: { family: toy, widht: 96 }\n");
        Assert.StartsWith($"{far}:2: model.widht: there is no such key", Refused(Write("own.yaml", "name: own\nextends: far.yaml\n")), StringComparison.Ordinal);
    }

    [Fact]
    public void Another_recipe_that_is_not_there_is_named_with_the_line_that_wants_it()
    {
        string own = Write("own.yaml", "name: own\nextends: gone.yaml\n");
        Assert.StartsWith($"{own}:2: extends: The recipe {_folder["gone.yaml"]} cannot be read: ", Refused(own), StringComparison.Ordinal);
    }

    [Fact]
    public void Recipes_that_extend_each_other_are_refused()
    {
        string far = Write("far.yaml", "extends: own.yaml\nname: far\n"), own = Write("own.yaml", "extends: far.yaml\nname: own\n");
        Assert.Equal($"{far}:1: extends: own.yaml extends this recipe in its turn; one of them has to stand on its own", Refused(own));
    }

    [Theory]
    [InlineData("extends: [a.yaml, b.yaml]")]
    [InlineData("extends:")]
    [InlineData("extends: far.yaml\nextends: far.yaml")]
    public void Only_one_other_recipe_can_be_named(string lines) =>
        Assert.EndsWith("extends: must be the path of one recipe file, such as `extends: quickstart.yaml`", Refused(Write("own.yaml", lines)), StringComparison.Ordinal);

    private string Write(string name, string yaml)
    {
        File.WriteAllText(_folder[name], yaml);
        return _folder[name];
    }

    private static Recipe Load(string path, params string[] overrides) => RecipeFile.Load<Recipe>(path, overrides, ToyFamily.Only);

    private static string Refused(string path) => Assert.Throws<UsageException>(() => Load(path)).Message;
}
