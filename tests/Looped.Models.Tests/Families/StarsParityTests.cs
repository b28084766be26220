using Looped.Models.Evaluation.Parity;
using Looped.Tests;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Families;

/// <summary>The published numbers of the reference implementation, through the engine behind `looped parity`.</summary>
public class StarsParityTests
{
    private static readonly string Vectors = Path.Combine(AppContext.BaseDirectory, "Vectors", "stars");

    /// <summary>
    /// Does not agree, and is not expected to: the gradient of the keys' third is 0 but for rounding, which Adam turns into full updates
    /// (docs/families/stars.md). `looped parity` says so; here everything else is held to the file.
    /// </summary>
    private const string Disagrees = "output.final_param.layers.0.attn.c_attn.bias";

    [Fact]
    public void Every_case_passes_but_for_one_tensor_of_the_trajectory()
    {
        ParityRow[] rows = [.. ParitySuite.Run(new ParityRequest([Vectors], "stars"))];

        Assert.All(rows.Where(r => r.Vector != "train_steps"), row => Assert.True(row.Outcome == ParityOutcome.Passed, $"{row.FullName}: {row.Message} {row.Worst}"));
        ParityRow trajectory = Assert.Single(rows, r => r.Vector == "train_steps");
        Assert.Equal([Disagrees], trajectory.Comparisons.Where(c => !c.Passed).Select(c => c.Name));
        Assert.Equal(Directory.GetFiles(Vectors, "*.json").Length, rows.Length);
        Assert.True(rows.Sum(r => r.Comparisons.Count) > 700, $"{rows.Sum(r => r.Comparisons.Count)} comparisons");
    }

    [Fact]
    public void In_float64_only_the_rounding_of_the_float32_references_is_left()
    {
        ParityRow[] rows = [.. ParitySuite.Run(new ParityRequest([Vectors], "stars", Precision: ScalarType.Float64, Only: ["norm_*RMS*", "prelude*", "l2*"]))];

        Assert.NotEmpty(rows);
        Assert.All(rows.SelectMany(r => r.Comparisons).Where(c => c.Name.StartsWith("grad", StringComparison.Ordinal)), c => Assert.InRange(c.LargestError, 0, 2e-6));
    }

    [Theory]
    [InlineData("norm_type", "RSMNorm", "the norm_type 'RSMNorm' is not known; it must be one of LayerNorm, RMSNorm, SimpleNorm, DeepNorm; did you mean 'RMSNorm'?")]
    [InlineData("norm_structure", "sandwich", "the norm_structure 'sandwich' is not known")]
    public void What_the_reference_would_silently_replace_fails_by_name(string key, string value, string reason)
    {
        using var folder = new TemporaryFolder();
        var json = ParityJson.Read(Path.Combine(Vectors, "coda_only.json"));
        json["config"]![key] = value;
        File.WriteAllText(folder["coda_only.json"], json.ToJsonString());

        ParityRow row = Assert.Single(ParitySuite.Run(new ParityRequest([folder.Root])));

        Assert.Equal(ParityOutcome.Failed, row.Outcome);
        Assert.Contains(reason, row.Message, StringComparison.Ordinal);
    }
}
