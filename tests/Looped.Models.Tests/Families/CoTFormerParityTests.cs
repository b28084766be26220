using Looped.Models.Evaluation.Parity;
using Looped.Tests;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Families;

/// <summary>The published numbers of the reference implementation, through the engine behind `looped parity`.</summary>
public class CoTFormerParityTests
{
    private static readonly string Vectors = Path.Combine(AppContext.BaseDirectory, "Vectors", "cotformer");

    [Fact]
    public void Every_case_passes()
    {
        ParityRow[] rows = [.. ParitySuite.Run(new ParityRequest([Vectors], "cotformer"))];

        Assert.All(rows, row => Assert.True(row.Outcome == ParityOutcome.Passed || row.Vector == "data_order", $"{row.FullName}: {row.Message} {row.Worst}"));
        // Forward cases, trajectories, router weights, schedules, rows of macs, draws of length factors, the one that only documents.
        Assert.Equal(30 + 3 + 1 + 4 + 44 + 28 + 1, rows.Length);
        Assert.True(rows.Sum(r => r.Comparisons.Count) > 800, $"{rows.Sum(r => r.Comparisons.Count)} comparisons");
    }

    [Fact]
    public void In_float64_only_the_rounding_of_the_float32_references_is_left()
    {
        ParityRow[] rows = [.. ParitySuite.Run(new ParityRequest([Vectors], "cotformer", Precision: ScalarType.Float64))];

        // Each reference's JSON states its own deviation from float64 in the logits. The tables of sines and cosines are float32 on either side and
        // may differ in their last unit: one percent for that.
        Assert.All(rows.Where(r => r.Comparisons.Any(c => c.Name == "output.logits")),
            r => Assert.InRange(r.Comparisons.Single(c => c.Name == "output.logits").LargestError, 0, 1.01 * StatedDeviation(r.Vector)));
        Assert.All(rows.SelectMany(r => r.Comparisons).Where(c => c.Name.StartsWith("grad.", StringComparison.Ordinal)), c => Assert.InRange(c.LargestError, 0, 1e-6));
    }

    private static double StatedDeviation(string vector)
    {
        string json = File.ReadAllText(Path.Combine(Vectors, vector + ".json"));
        return System.Text.RegularExpressions.Regex.Matches(json, "\"max_abs_logit_diff_f32_vs_f64\": ([0-9.e-]+)")
            .Max(m => double.Parse(m.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public void A_variant_that_does_not_exist_fails_by_name()
    {
        using var folder = new TemporaryFolder();
        var json = ParityJson.Read(Path.Combine(Vectors, "base.json"));
        json["model"] = "cotformer_half_depth";
        File.WriteAllText(folder["base.json"], json.ToJsonString());

        ParityRow row = Assert.Single(ParitySuite.Run(new ParityRequest([folder.Root])));

        Assert.Equal(ParityOutcome.Failed, row.Outcome);
        Assert.Contains("the variant 'cotformer_half_depth' is not known", row.Message, StringComparison.Ordinal);
    }
}
