using System.Globalization;
using System.Text.Json.Nodes;
using Looped.Actors.Recipes;
using Looped.Host.CommandLine;
using Looped.Models.Families;
using Looped.Models.Recipes;
using Spectre.Console;

namespace Looped.Host.Training;

/// <summary>What a run would be and cost, without training.</summary>
/// <param name="Recipe">The resolved recipe.</param>
/// <param name="Vocabulary">V, rows of the embedding.</param>
/// <param name="Sequences">Training sequences of an epoch.</param>
/// <param name="Parameters">Trained numbers.</param>
/// <param name="MacsPerToken">Multiply–accumulates of a forward pass of one sequence per token, head on the last position only, as the papers count.</param>
/// <param name="Memory">Bytes by part.</param>
internal sealed record DryRunReport(RunRecipe Recipe, int Vocabulary, long Sequences, long Parameters, double MacsPerToken,
    IReadOnlyList<(string Part, long Bytes, string Note)> Memory)
{
    public static DryRunReport Create(RunRecipe recipe, LanguageModel model, int vocabulary, long sequences)
    {
        int length = recipe.Model.SequenceLength, element = recipe.Training.Precision switch { Precision.Float64 => 8, Precision.Bfloat16Weights => 2, _ => 4 };
        long parameters = model.ParameterCount(), sum = recipe.Training.Reduction == Reduction.Exact64 ? 8 : element;
        return new DryRunReport(recipe, vocabulary, sequences, parameters, (double)model.MultiplyAccumulates(length) / length,
        [
            ("weights", parameters * element, $"{element} bytes a parameter"),
            ("moments", 2 * parameters * element, "AdamW keeps two"),
            ("gradients", parameters * element, "of one micro-batch, until they are added up"),
            ("accumulator", parameters * sum, recipe.Training.Reduction == Reduction.Exact64 ? "exact sums, int64" : "plain sums"),
            ("reduction", parameters * sum, "the reduced sums; none for a single worker"),
            ("activations", model.ActivationBytes(recipe.Batch.MicroSequences, length, element), "of one micro-batch, estimated"),
        ]);
    }

    private int TokensPerStep => Recipe.Batch.GlobalSequences * Recipe.Model.SequenceLength;

    private double Epochs => (double)Recipe.Training.Steps * Recipe.Batch.GlobalSequences / Sequences;

    public void Print(Terminal terminal)
    {
        terminal.Write(RecipeWriter.ToYaml(Recipe));
        terminal.WriteLine();
        var sizes = new Table().AddColumns("size", "value");
        sizes.AddRow("parameters", $"{Parameters:N0} ({Quantity.Count(Parameters)})");
        sizes.AddRow("vocabulary", $"{Vocabulary:N0}");
        sizes.AddRow("MACs per token (forward)", $"{MacsPerToken:N0} ({Quantity.Count(MacsPerToken)})");
        sizes.AddRow("steps", $"{Recipe.Training.Steps:N0} of {TokensPerStep:N0} tokens in {Recipe.Batch.MicroBatches()} micro-batches");
        sizes.AddRow("data", string.Create(CultureInfo.InvariantCulture, $"{Sequences:N0} sequences; the run reads them {Epochs:0.00} times"));
        sizes.AddRow("recipe identity", RecipeIdentity.Of(Recipe));
        terminal.Console.Write(sizes);
        var memory = new Table().AddColumns("memory of a worker", "size", "");
        foreach (var (part, bytes, note) in Memory) memory.AddRow(part, Quantity.Bytes(bytes), note);
        memory.AddRow("total", Quantity.Bytes(Memory.Sum(m => m.Bytes)), "beside the program and LibTorch, about 0.4 GiB");
        terminal.Console.Write(memory);
    }

    public JsonObject ToJson() => new()
    {
        ["recipe"] = RecipeWriter.ToYaml(Recipe),
        ["recipe_identity"] = RecipeIdentity.Of(Recipe),
        ["parameters"] = Parameters,
        ["vocabulary"] = Vocabulary,
        ["macs_per_token"] = MacsPerToken,
        ["steps"] = Recipe.Training.Steps,
        ["tokens_per_step"] = TokensPerStep,
        ["sequences"] = Sequences,
        ["epochs"] = Epochs,
        ["memory"] = new JsonObject(Memory.Select(m => KeyValuePair.Create<string, JsonNode?>(m.Part, m.Bytes))),
    };
}
