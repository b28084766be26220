using Looped.Models.Evaluation.Parity;
using Looped.Tests;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Families;

/// <summary>The published numbers of the reference implementation, through the engine behind `looped parity`.</summary>
public class StarsParityTests
{
    private static readonly string Vectors = Path.Combine(AppContext.BaseDirectory, "Vectors", "stars");

    [Fact]
    public void Every_case_passes()
    {
        ParityRow[] rows = [.. ParitySuite.Run(new ParityRequest([Vectors], "stars"))];

        Assert.All(rows, row => Assert.True(row.Outcome == ParityOutcome.Passed, $"{row.FullName}: {row.Message} {row.Worst}"));
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
