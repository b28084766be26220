using CsCheck;
using Looped.Models.Families;
using Looped.Models.Recipes;

namespace Looped.Models.Tests.Recipes;

public class RecipeLaws
{
    private static readonly Gen<double> Fractions = Gen.Double[0, 0.999];

    private static readonly Gen<ToyConfig> Models =
        from heads in Gen.Int[1, 8]
        from perHead in Gen.Int[1, 64]
        from depth in Gen.Enum<ToyDepth>()
        from bias in Gen.Bool
        from scale in Gen.Nullable(Gen.Double.Where(double.IsFinite))
        from note in Gen.Null(Gen.String)
        from steps in Gen.Int[1, 100].List[0, 3]
        select new ToyConfig
        {
            Family = "toy",
            Width = heads * perHead,
            Heads = heads,
            DepthEmbedding = depth,
            Bias = bias,
            Scale = scale,
            Note = note,
            Phases = [.. steps.Select(s => new ToyPhase { Steps = s })],
        };

    private static readonly Gen<Recipe> Recipes =
        from name in Gen.String[Gen.Char.AlphaNumeric, 1, 12]
        from seed in Gen.Long
        from model in Models
        from micro in Gen.Int[1, 9]
        from batches in Gen.Int[1, 4096]
        from weighting in Gen.Enum<Weighting>()
        from betas in Gen.Select(Fractions, Fractions)
        from rate in Gen.Double[0, 1e3]
        from source in Gen.OneOf([.. new[] { "classics", "null", "~", "a: b", "# x", "5", "true", " ", "it's \"so\"", "a\nb", "日本 😀", "&a", "- x", "[a" }.Select(s => Gen.Const(s))])
        from dataSeed in Gen.Nullable(Gen.Long)
        from keepBest in Gen.Bool
        select new Recipe
        {
            Name = name,
            Seed = seed,
            Model = model,
            Data = new() { Source = source == " " ? "x" : source, Tokenizer = source, Seed = dataSeed },
            Batch = new() { GlobalSequences = micro * batches, MicroSequences = micro, Weighting = weighting },
            Optimizer = new() { LearningRate = rate, Betas = [betas.Item1, betas.Item2] },
            Checkpoint = new() { KeepBest = keepBest },
        };

    [Fact]
    public void Writing_a_recipe_and_reading_it_gives_an_equal_one() => Recipes.Sample(recipe =>
    {
        Recipe again = ToyFamily.Parse(RecipeWriter.ToYaml(recipe));
        Assert.Equivalent(recipe, again, strict: true);
        Assert.Equal(RecipeIdentity.Of(recipe), RecipeIdentity.Of(again));
        Assert.Empty(RecipeIdentity.Differences(recipe, again));
    }, iter: 300);

    [Fact]
    public void A_list_that_is_not_given_is_read_back_as_not_given() => Assert.All(FamilyRegistry.All, family =>
    {
        var recipe = new Recipe { Name = "r", Model = family.DefaultConfig };
        Assert.Equal(RecipeIdentity.Of(recipe), RecipeIdentity.Of(RecipeFile.Parse<Recipe>(RecipeWriter.ToYaml(recipe), "r.yaml", [])));
    });

    [Fact]
    public void Two_recipes_have_one_identity_exactly_when_no_key_differs() => Gen.Select(Recipes, Recipes).Sample((a, b) =>
    {
        Recipe mixed = a with { Seed = b.Seed, Batch = b.Batch, Name = b.Name, Checkpoint = b.Checkpoint };
        Assert.Equal(RecipeIdentity.Differences(a, mixed).Count == 0, RecipeIdentity.Of(a) == RecipeIdentity.Of(mixed));
    }, iter: 300);

    [Theory]
    [InlineData("name=b")]
    [InlineData("training.device=cuda:1")]
    [InlineData("checkpoint.every=7")]
    [InlineData("evaluation.batches=7")]
    public void What_only_observes_is_no_part_of_the_identity(string change)
    {
        (Recipe before, Recipe after) = Change(change);
        Assert.Equal(RecipeIdentity.Of(before), RecipeIdentity.Of(after));
    }

    [Theory]
    [InlineData("seed=2", "seed 1337 → 2")]
    [InlineData("model.width=128", "model.width 64 → 128")]
    [InlineData("data.seed=1", "data.seed null → 1")]
    [InlineData("batch.global_sequences=32", "batch.global_sequences 16 → 32")]
    [InlineData("optimizer.betas=[0.9, 0.99]", "optimizer.betas [0.9, 0.95] → [0.9, 0.99]")]
    [InlineData("training.threads=1", "training.threads 2 → 1")]
    public void What_can_change_the_weights_changes_the_identity_and_is_named(string change, string difference)
    {
        (Recipe before, Recipe after) = Change(change);
        Assert.NotEqual(RecipeIdentity.Of(before), RecipeIdentity.Of(after));
        Assert.NotEqual(RecipeIdentity.WithoutSteps(before), RecipeIdentity.WithoutSteps(after));
        Assert.Equal(difference, Assert.Single(RecipeIdentity.Differences(before, after)).ToString());
    }

    [Fact]
    public void Only_the_steps_differ_between_a_run_and_its_extension()
    {
        (Recipe before, Recipe after) = Change("training.steps=300");
        Assert.NotEqual(RecipeIdentity.Of(before), RecipeIdentity.Of(after));
        Assert.Equal(RecipeIdentity.WithoutSteps(before), RecipeIdentity.WithoutSteps(after));
    }

    [Theory]
    [InlineData("500ms", 0.5)]
    [InlineData("5s", 5)]
    [InlineData("1.5s", 1.5)]
    [InlineData("2m", 120)]
    [InlineData("1h", 3600)]
    public void A_duration_is_a_number_with_its_unit(string text, double seconds) =>
        Assert.Equal(TimeSpan.FromSeconds(seconds), RecipeScalar.Parse(typeof(TimeSpan), new TextNode(new Origin(""), text, false), out _));

    [Theory]
    [InlineData("5", "must be a duration such as 500ms, 5s or 2m, not '5'; did you mean '5s'?")]
    [InlineData("-5s", "must be a duration such as 500ms, 5s or 2m, not '-5s'")]
    [InlineData("999999999999h", "must be a duration such as 500ms, 5s or 2m, not '999999999999h'")]
    public void A_duration_without_a_unit_or_sense_is_refused(string text, string expected)
    {
        Assert.Null(RecipeScalar.Parse(typeof(TimeSpan), new TextNode(new Origin(""), text, false), out string? problem));
        Assert.Equal(expected, problem);
    }

    [Fact]
    public void A_duration_written_and_read_is_the_same() => Gen.Long[0, TimeSpan.TicksPerDay * 30].Sample(ticks =>
    {
        var duration = TimeSpan.FromTicks(ticks);
        Assert.Equal(duration, RecipeScalar.Parse(typeof(TimeSpan), new TextNode(new Origin(""), RecipeScalar.Format(duration), false), out _));
    });

    private static (Recipe Before, Recipe After) Change(string change)
    {
        const string yaml = "name: a\nmodel: { family: toy }";
        return (ToyFamily.Parse(yaml), ToyFamily.Parse(yaml, change));
    }
}
