using System.Text.Json.Nodes;
using Looped.Actors.Recipes;
using Looped.Host.CommandLine;
using Looped.Host.Recipes;
using Looped.Host.Training;
using Looped.Models.Recipes;

namespace Looped.Host.Tests.Training;

public class DryRunReportTests
{
    private const int Vocabulary = 50;

    [Theory]
    [InlineData("training.precision=float32", 4, 8)]
    [InlineData("training.precision=float64", 8, 8)]
    [InlineData("training.reduction=float32", 4, 4)]
    public void Memory_is_counted_by_part(string setting, int element, int sum)
    {
        DryRunReport report = Create(setting);
        Dictionary<string, long> memory = report.Memory.ToDictionary(m => m.Part, m => m.Bytes);
        Assert.Equal(report.Parameters * element, memory["weights"]);
        Assert.Equal(report.Parameters * element * 2, memory["moments"]);
        Assert.Equal(report.Parameters * element, memory["gradients"]);
        Assert.Equal(report.Parameters * sum, memory["accumulator"]);
        Assert.Equal(report.Parameters * sum, memory["reduction"]);
        Assert.True(memory["activations"] > 0);
    }

    [Fact]
    public void The_parameters_are_those_of_the_model()
    {
        // A CoTFormer of width 192 without biases: embedding V·D, a block 12·D² + 2 norms, final norms and the depth vector (D each).
        const long width = 192, layers = 6;
        long least = Vocabulary * width + layers * 12 * width * width;
        Assert.InRange(Create().Parameters, least, least + (2 * layers + 4) * width);
    }

    [Fact]
    public void The_json_has_every_number_and_a_recipe_that_reads_back()
    {
        DryRunReport report = Create("training.steps=7");
        JsonObject json = report.ToJson();
        Assert.Equal((7, 2048, 0.1), ((int)json["steps"]!, (int)json["tokens_per_step"]!, Math.Round((double)json["epochs"]!, 6)));
        Assert.Equal(report.MacsPerToken, (double)json["macs_per_token"]!);
        RunRecipe again = RecipeFile.Parse<RunRecipe>((string)json["recipe"]!, "dry run", []);
        Assert.Equal((string?)json["recipe_identity"], RecipeIdentity.Of(again));
    }

    [Fact]
    public async Task A_dry_run_prints_recipe_and_sizes_and_leaves_no_run_folder()
    {
        using var folder = new Looped.Tests.TemporaryFolder();
        using LoopedProcess process = LoopedProcess.Start(folder.Root, null, "train", "--dry-run");
        LoopedResult result = (await process.WaitAsync()).Expect(ExitCode.Finished);
        Assert.StartsWith("name: quickstart\n", result.Output, StringComparison.Ordinal);
        foreach (string part in (string[])["parameters", "MACs per token", "weights", "moments", "accumulator", "reduction", "activations", "steps"])
            Assert.Contains(part, result.Output, StringComparison.Ordinal);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Root));
    }

    private static DryRunReport Create(params string[] overrides)
    {
        RunRecipe recipe = RecipeSource.Load("quickstart", overrides);
        using var model = RunData.CreateModel(recipe, Vocabulary);
        return DryRunReport.Create(recipe, model, Vocabulary, sequences: 7 * 16 * 10);
    }
}
