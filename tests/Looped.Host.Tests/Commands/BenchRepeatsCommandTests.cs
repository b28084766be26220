using System.Text.Json.Nodes;
using Looped.Host.CommandLine;

namespace Looped.Host.Tests.Commands;

public class BenchRepeatsCommandTests
{
    private static readonly string[] Small =
        ["--rounds", "1", "--batches", "1", "--set", "model.width=16", "--set", "model.heads=2", "--set", "model.sequence_length=16", "--set", "model.layers=3", "--set", "training.threads=1"];

    private static Task<LoopedResult> Run(params string[] args) => LoopedProcess.RunAsync(["bench", "repeats", .. Small, .. args]);

    [Fact]
    public async Task Rows_tell_the_price_and_the_speed_of_base_and_repeats()
    {
        JsonObject[] rows = [.. JsonNode.Parse((await Run("--json", "--repeats", "2", "--repeats", "4")).Expect(ExitCode.Finished).Output)!.AsArray().Select(r => r!.AsObject())];
        Assert.Equal(["training base", "training ln_cotformer ×2", "training ln_cotformer ×4", "evaluation base", "evaluation ln_cotformer ×2", "evaluation ln_cotformer ×4"],
            rows.Select(r => $"{r["what"]} {r["model"]}"));
        // Three layers, the middle one of which repeats: 12 D² each, 2 r T D for attention, and the head.
        double Macs(int repeats) => 2 * (12 * 256 + 2 * 16 * 16) + repeats * 12 * 256 + 16 * 16 * repeats * (repeats + 1);
        double head = (double)rows[0]["macs_per_token"]! - 3 * (12 * 256 + 2 * 16 * 16);
        Assert.Equal(0, head % 16);
        Assert.Equal([Macs(2) + head, Macs(4) + head], rows[1..3].Select(r => (double)r["macs_per_token"]!));
        Assert.All(rows, row => Assert.True((double)row["tokens_per_second"]! > 0 && (double)row["rate_to_base"]! > 0));
        Assert.Equal([1, 1], new[] { rows[0], rows[3] }.Select(r => (double)r["rate_to_base"]!));
    }

    [Fact]
    public async Task Tokens_that_halt_cost_less()
    {
        JsonObject[] rows = [.. JsonNode.Parse((await Run("--json", "--repeats", "3", "--set", "model.variant=adm")).Expect(ExitCode.Finished).Output)!.AsArray().Select(r => r!.AsObject())];
        JsonObject[] rationed = [.. rows.Where(r => (string)r["what"]! == "evaluation" && (string)r["model"]! == "adm ×3")];
        Assert.Equal([1, 0.75, 0.5, 0.25, 0], rationed.Select(r => (double)r["length_factors"]![0]!));
        double[] macs = [.. rationed.Select(r => (double)r["macs_per_token"]!)];
        Assert.Equal(macs.Distinct().OrderDescending(), macs);
    }

    [Theory]
    [InlineData("error: bench repeats needs a variant with repeats and one answer, which base is not", "--set", "model.variant=base", "--set", "model.layers_begin=0", "--set", "model.layers_end=0", "--set", "model.depth_embedding=none")]
    [InlineData("error: --repeats is 0; it must be at least 1.", "--repeats", "0")]
    public async Task What_cannot_be_compared_is_bad_usage(string error, params string[] args) =>
        Assert.StartsWith(error, (await Run(args)).Expect(ExitCode.BadUsage).Error, StringComparison.Ordinal);
}
