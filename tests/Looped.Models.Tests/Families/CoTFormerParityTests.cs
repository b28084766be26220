using Looped.Models.Evaluation.Parity;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Families;

/// <summary>The published numbers of the reference implementation, through the engine behind `looped parity`.</summary>
public class CoTFormerParityTests
{
    private static readonly string Vectors = Path.Combine(AppContext.BaseDirectory, "Vectors", "cotformer");

    private static readonly string[] Implemented =
        ["base*", "cotformer_*", "lncot_*", "train_lncot*", "lr_schedules", "macs/base*", "macs/cotformer_full_depth*"];

    [Fact]
    public void Every_case_of_the_implemented_variants_passes()
    {
        ParityRow[] rows = [.. ParitySuite.Run(new ParityRequest([Vectors], "cotformer", Implemented))];

        Assert.All(rows, row => Assert.True(row.Outcome == ParityOutcome.Passed, $"{row.FullName}: {row.Message} {row.Worst}"));
        Assert.Equal(11 + 2 + 4 + 4 + 11, rows.Length);        // forward cases, trajectories, schedules, rows of macs
        Assert.True(rows.Sum(r => r.Comparisons.Count) > 200);
    }

    [Fact]
    public void In_float64_only_the_rounding_of_the_float32_references_is_left()
    {
        ParityRow[] rows = [.. ParitySuite.Run(new ParityRequest([Vectors], Only: ["base*", "cotformer_*", "lncot_*"], Precision: ScalarType.Float64))];

        // The references' own deviation from float64, which their JSON states, is at most 2.7e-6 in the logits.
        Assert.All(rows, row => Assert.InRange(row.Comparisons.Single(c => c.Name == "output.logits").LargestError, 0, 2.7e-6));
    }

    [Fact]
    public void A_variant_that_does_not_exist_yet_fails_by_name()
    {
        ParityRow[] rows = [.. ParitySuite.Run(new ParityRequest([Vectors], Only: ["macs/but_full_depth*"]))];

        Assert.NotEmpty(rows);
        Assert.All(rows, row => Assert.Equal((ParityOutcome.Failed, true), (row.Outcome, row.Message.Contains("'but_full_depth' is not implemented", StringComparison.Ordinal))));
    }
}
