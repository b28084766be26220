using Looped.Models.Recipes;

namespace Looped.Models.Tests.Recipes;

public class RecipeBindingTests
{
    private const string Minimal = "name: a\nmodel: { family: toy }\n";

    [Fact]
    public void What_a_recipe_leaves_out_has_its_default()
    {
        Recipe recipe = ToyFamily.Parse(Minimal);
        var model = Assert.IsType<ToyConfig>(recipe.Model);
        Assert.Equal(("a", 1337L, 64, 128), (recipe.Name, recipe.Seed, model.Width, model.SequenceLength));
        Assert.Equal(new BatchRecipe(), recipe.Batch);
    }

    [Fact]
    public void Every_kind_of_value_is_read()
    {
        Recipe recipe = ToyFamily.Parse("""
            name: "2024"
            seed: -3
            model:
              family: toy
              depth_embedding: linear_learned
              bias: true
              scale: 1e-3
              note: &text a note
              phases: [{ steps: 2 }, { steps: 3 }]
            data: { source: *text, seed: null }
            optimizer: { betas: [0, 0.5] }
            training:
              on_nonfinite: stop
            evaluation:
            """);
        var model = (ToyConfig)recipe.Model;
        Assert.Equal(("2024", -3L), (recipe.Name, recipe.Seed));
        Assert.Equal((ToyDepth.LinearLearned, true, 0.001, "a note"), (model.DepthEmbedding, model.Bias, model.Scale, model.Note));
        Assert.Equal([2, 3], model.Phases.Select(p => p.Steps));
        Assert.Equal(("a note", null), (recipe.Data.Source, recipe.Data.Seed));
        Assert.Equal([0, 0.5], recipe.Optimizer.Betas);
        Assert.Equal(OnNonfinite.Stop, recipe.Training.OnNonfinite);
        Assert.Equal(new EvaluationRecipe(), recipe.Evaluation);
    }

    [Theory]
    [InlineData("modle: {}", "toy.yaml:3: modle: there is no such key; did you mean 'model'?")]
    [InlineData("steps: 3", "toy.yaml:3: steps: there is no such key; did you mean 'training.steps'?")]
    [InlineData("training: { stepz: 3 }", "toy.yaml:3: training.stepz: there is no such key; did you mean 'training.steps'?")]
    [InlineData("optimizer: { lr: 3 }", "toy.yaml:3: optimizer.lr: there is no such key; did you mean 'optimizer.learning_rate'?")]
    [InlineData("batch: { qqqqqqqqqq: 3 }", "toy.yaml:3: batch.qqqqqqqqqq: there is no such key; valid ones here: global_sequences, micro_sequences, weighting")]
    [InlineData("seed: many", "toy.yaml:3: seed: must be a whole number, not 'many'")]
    [InlineData("seed: 1_000", "toy.yaml:3: seed: must be a whole number, not '1_000'")]
    [InlineData("seed: '5'", "toy.yaml:3: seed: must be a whole number, not '5'; remove the quotes")]
    [InlineData("seed:", "toy.yaml:3: seed: a value is missing here; it must be a whole number")]
    [InlineData("seed: [1]", "toy.yaml:3: seed: must be a whole number, not a list")]
    [InlineData("seed: { a: 1 }", "toy.yaml:3: seed: must be a whole number, not a section of keys")]
    [InlineData("seed: 1\nseed: 2", "toy.yaml:4: seed: is given twice, first in toy.yaml:3; keep one")]
    [InlineData("batch: 3", "toy.yaml:3: batch: must be a section of keys, not a value")]
    [InlineData("batch: { global_sequences: -4 }", "toy.yaml:3: batch.global_sequences: must be at least 1, not -4")]
    [InlineData("batch: { global_sequences: 99999999999 }", "toy.yaml:3: batch.global_sequences: must be a whole number, not '99999999999'; it is too large")]
    [InlineData("batch: { weighting: tokn }", "toy.yaml:3: batch.weighting: must be one of token, micro_batch, not 'tokn'; did you mean 'token'?")]
    [InlineData("schedule: { warmup_fraction: 1.5 }", "toy.yaml:3: schedule.warmup_fraction: must be from 0 to 1, not 1.5")]
    [InlineData("schedule: { warmup_fraction: .nan }", "toy.yaml:3: schedule.warmup_fraction: must be a number, not '.nan'")]
    [InlineData("checkpoint: { keep_best: yes }", "toy.yaml:3: checkpoint.keep_best: must be true or false, not 'yes'")]
    [InlineData("optimizer: { betas: 0.9 }", "toy.yaml:3: optimizer.betas: must be a list, each item a number, such as [a, b]")]
    [InlineData("optimizer: { betas: [0.9, x] }", "toy.yaml:3: optimizer.betas[1]: must be a number, not 'x'")]
    [InlineData("optimizer: { betas: [0.9, 1] }", "toy.yaml:3: optimizer.betas: must be two numbers, each at least 0 and below 1, such as [0.9, 0.95]")]
    [InlineData("batch: { global_sequences: 10 }", "toy.yaml:3: batch.global_sequences: 10 is not a multiple of batch.micro_sequences (4)")]
    [InlineData("batch: { global_sequences: 8194, micro_sequences: 2 }", "toy.yaml:3: batch.micro_sequences: a step would have 4097 micro-batches, the most is 4096; use at least 3")]
    [InlineData("training: { device: gpu }", "toy.yaml:3: training.device: must be cpu, cuda or cuda:N, not 'gpu'; did you mean 'cpu'?")]
    [InlineData("training: { device: '' }", "toy.yaml:3: training.device: must not be empty")]
    public void A_mistake_is_one_line_with_its_place_and_a_remedy(string lines, string expected) =>
        Assert.Equal(expected, Refused(Minimal + lines));

    [Theory]
    [InlineData("", "toy.yaml: the recipe is empty; `looped recipe show quickstart` prints a complete one")]
    [InlineData("# nothing\n", "toy.yaml: the recipe is empty; `looped recipe show quickstart` prints a complete one")]
    [InlineData("- a", "toy.yaml:1: a recipe is made of `key: value` lines")]
    [InlineData("name: a", "toy.yaml: model: this key is required")]
    [InlineData("model: { family: toy }", "toy.yaml: name: this key is required")]
    [InlineData("name: a/b\nmodel: { family: toy }", "toy.yaml:1: name: it names the run folder, so it cannot contain a slash")]
    [InlineData("name: a\nmodel: { width: 3 }", "toy.yaml:2: model.family: this key is required; families: toy")]
    [InlineData("name: a\nmodel: { family: tyo }", "toy.yaml:2: model.family: there is no family 'tyo'; did you mean 'toy'? (families: toy)")]
    [InlineData("name: a\nmodel: { family: toy,\n  heads: 3 }", "toy.yaml:3: model.heads: must divide width (64)")]
    [InlineData("name: a\nmodel: { family: toy, phases: [{ step: 3 }] }",
        "toy.yaml:2: model.phases[0].step: there is no such key; did you mean 'model.phases[0].steps'?")]
    public void A_recipe_that_lacks_its_heart_is_refused(string yaml, string expected) => Assert.Equal(expected, Refused(yaml));

    [Theory]
    [InlineData("name: [a\nmodel: b", 1)]
    [InlineData("name: a\nmodel: {family: b\nseed: 3\n", 2)]
    [InlineData("name: 'a\nmodel: b", 2)]
    [InlineData("name: a\n\tb: c", 2)]
    [InlineData("name: *nobody", 1)]
    [InlineData("name: a\n--- \nname: b", 2)]
    [InlineData("? [a, b]\n: c", 1)]
    public void Text_that_is_not_yaml_is_refused_with_its_line(string yaml, int line) =>
        Assert.StartsWith($"toy.yaml:{line}: this is not valid YAML: ", Refused(yaml), StringComparison.Ordinal);

    [Fact]
    public void A_file_nested_without_end_is_refused() =>
        Assert.Contains("nested too deeply", Refused("name: " + new string('[', 10_000)), StringComparison.Ordinal);

    [Fact]
    public void All_problems_are_reported_at_once() => Assert.Equal("""
        toy.yaml has 4 problems:
          toy.yaml: name: this key is required
          toy.yaml:2: model.width: must be from 1 to 4096, not 0
          toy.yaml:4: training.steps: must be a whole number, not 'x'
          toy.yaml:3: sed: there is no such key; did you mean 'seed'?
        """, Refused("model: { family: toy,\n  width: 0 }\nsed: 3\ntraining: { steps: x }"));

    [Fact]
    public void An_override_wins_over_the_file_and_a_later_one_over_an_earlier()
    {
        Recipe recipe = ToyFamily.Parse(Minimal + "seed: 1", "seed=2", "training.steps=7", "seed=3", "optimizer.betas=[0.1, 0.2]", "data.source=a: b#c", "model.note='null'");
        Assert.Equal((3L, 7, "a: b#c"), (recipe.Seed, recipe.Training.Steps, recipe.Data.Source));
        Assert.Equal([0.1, 0.2], recipe.Optimizer.Betas);
        Assert.Equal("null", ((ToyConfig)recipe.Model).Note);
    }

    [Theory]
    [InlineData("modle.width=3", "--set modle.width=3: modle.width: there is no such key; did you mean 'model.width'?")]
    [InlineData("modle.widht=3", "--set modle.widht=3: modle.widht: there is no such key; did you mean 'model.width'?")]
    [InlineData("optimizer.lr=3", "--set optimizer.lr=3: optimizer.lr: there is no such key; did you mean 'optimizer.learning_rate'?")]
    [InlineData("model.widht=3", "--set model.widht=3: model.widht: there is no such key; did you mean 'model.width'?")]
    [InlineData("steps=3", "--set steps=3: steps: there is no such key; did you mean 'training.steps'?")]
    [InlineData("model.width=x", "--set model.width=x: model.width: must be a whole number, not 'x'")]
    [InlineData("seed.a=1", "--set seed.a=1: seed: must be a whole number, not a section of keys")]
    [InlineData("model.heads=3", "--set model.heads=3: model.heads: must divide width (64)")]
    [InlineData("optimizer.betas=[1", "--set optimizer.betas=[1: this is not valid YAML")]
    [InlineData("steps", "--set steps: an override is written key=value, such as --set training.steps=50")]
    [InlineData(".a=3", "--set .a=3: an override is written key=value, such as --set training.steps=50")]
    public void A_bad_override_is_named(string text, string expected) =>
        Assert.StartsWith(expected, Assert.Throws<UsageException>(() => ToyFamily.Parse(Minimal, text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_rule_that_an_override_breaks_points_to_the_override() => Assert.Equal(
        "--set batch.micro_sequences=5: batch.global_sequences: 16 is not a multiple of batch.micro_sequences (5)",
        Assert.Throws<UsageException>(() => ToyFamily.Parse(Minimal + "batch: { global_sequences: 16 }", "batch.micro_sequences=5")).Message);

    [Fact]
    public void A_missing_file_is_bad_usage() =>
        Assert.Contains("nowhere.yaml", Assert.Throws<UsageException>(() => RecipeFile.Load<Recipe>("nowhere.yaml", [])).Message, StringComparison.Ordinal);

    private static string Refused(string yaml) => Assert.Throws<UsageException>(() => ToyFamily.Parse(yaml)).Message;
}
