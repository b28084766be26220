using Looped.Actors.Recipes;
using Looped.Host.Recipes;
using Looped.Models.Families;
using Looped.Models.Families.CoTFormer;
using Looped.Models.Recipes;

namespace Looped.Host.Tests.Recipes;

public class CoTFormerRecipesTests
{
    /// <summary>Tables 1 and 2 and figure 4 of the paper: name, variant, L, L_begin, L_end, R, steps.</summary>
    public static TheoryData<string, string, int, int, int, int, int> Published { get; } = new()
    {
        { "base-12", "base", 12, 0, 0, 1, 40_000 }, { "base-24", "base", 24, 0, 0, 1, 40_000 }, { "base-48", "base", 48, 0, 0, 1, 40_000 },
        { "but-12x2", "but", 12, 0, 0, 2, 40_000 }, { "but-12x3", "but", 12, 0, 0, 3, 40_000 }, { "but-12x5", "but", 12, 0, 0, 5, 40_000 },
        { "but-24x2", "but", 24, 0, 0, 2, 40_000 }, { "but-24x3", "but", 24, 0, 0, 3, 40_000 }, { "but-24x5", "but", 24, 0, 0, 5, 40_000 },
        { "cotformer-12x2", "cotformer", 12, 0, 0, 2, 40_000 }, { "cotformer-12x3", "cotformer", 12, 0, 0, 3, 40_000 }, { "cotformer-12x5", "cotformer", 12, 0, 0, 5, 40_000 },
        { "cotformer-24x2", "cotformer", 24, 0, 0, 2, 40_000 }, { "cotformer-24x3", "cotformer", 24, 0, 0, 3, 40_000 }, { "cotformer-24x5", "cotformer", 24, 0, 0, 5, 40_000 },
        { "cotformer-reserved-24x5", "cotformer", 24, 2, 1, 5, 40_000 }, { "ln-cotformer-24x5", "ln_cotformer", 24, 2, 1, 5, 40_000 },
        { "ln-cotformer-24x5-60k", "ln_cotformer", 24, 2, 1, 5, 60_000 }, { "adm-24x5", "adm", 24, 2, 1, 5, 60_000 }, { "adaptive-but-24x5", "adaptive_but", 24, 2, 1, 5, 60_000 },
    };

    [Theory]
    [MemberData(nameof(Published))]
    public void A_row_of_the_paper_has_its_settings(string name, string variant, int layers, int begin, int end, int repeats, int steps)
    {
        RunRecipe recipe = RecipeSource.Load(name, []);
        var model = Assert.IsType<CoTFormerConfig>(recipe.Model);
        Assert.Equal((variant, layers, begin, end, steps), (model.Variant, model.Layers, model.LayersBegin, model.LayersEnd, recipe.Training.Steps));
        if (variant != "base") Assert.Equal(repeats, model.Repeats);
        Assert.Equal(variant.StartsWith("ad", StringComparison.Ordinal) ? DepthEmbeddingKind.LinearLearned : DepthEmbeddingKind.None, model.DepthEmbedding);

        Assert.Equal((768, 12, 256, 50304), (model.Width, model.Heads, model.SequenceLength, model.Vocabulary));
        Assert.Equal((128, variant == "base" ? 64 : 32, Weighting.MicroBatch), (recipe.Batch.GlobalSequences, recipe.Batch.MicroSequences, recipe.Batch.Weighting));
        Assert.Equal((OptimizerName.Adamw, 1e-3, 1e-8, 0.1, 0d), (recipe.Optimizer.Name, recipe.Optimizer.LearningRate, recipe.Optimizer.Epsilon, recipe.Optimizer.WeightDecay, recipe.Optimizer.ClipNorm));
        Assert.Equal([0.9, 0.95], recipe.Optimizer.Betas);
        Assert.Equal((ScheduleName.OneCycleCosine, 0.2, 100d, 0.05), (recipe.Schedule.Name, recipe.Schedule.WarmupFraction, recipe.Schedule.DivFactor, recipe.Schedule.FinalDivFactor));
        Assert.Equal((0L, Precision.Bfloat16, 100, 24), (recipe.Seed, recipe.Training.Precision, recipe.Evaluation.Every, recipe.Evaluation.Batches));
    }

    [Fact]
    public void The_small_ones_are_trained_alike_and_differ_in_the_model_alone()
    {
        RunRecipe plain = RecipeSource.Load("base-mini", []);
        var models = new List<(string, int, int)>();
        foreach (string name in (string[])["but-mini", "cotformer-mini", "ln-cotformer-mini", "adm-mini"])
        {
            RunRecipe recipe = RecipeSource.Load(name, []);
            var model = Assert.IsType<CoTFormerConfig>(recipe.Model);
            models.Add((model.Variant, model.Layers, model.Repeats));
            Assert.Equal(plain with { Name = name, Model = model }, recipe with { Optimizer = recipe.Optimizer with { Betas = plain.Optimizer.Betas } });
        }
        Assert.Equal([("but", 1, 3), ("cotformer", 1, 3), ("ln_cotformer", 1, 3), ("adm", 1, 3)], models);
    }

    [Theory]
    [InlineData("cotformer-12x2", 47_149_056_000)]
    [InlineData("cotformer-12x5", 126_874_386_432)]
    [InlineData("adm-24x5", 227_739_795_456)]
    public void A_row_of_the_paper_costs_what_the_original_counts(string name, long macs)
    {
        RunRecipe recipe = RecipeSource.Load(name, []);
        using LanguageModel model = FamilyRegistry.Find(recipe.Model.Family)!.Outline(recipe.Model, recipe.Model.Vocabulary);
        Assert.Equal(macs, model.MultiplyAccumulates(256));
    }
}
