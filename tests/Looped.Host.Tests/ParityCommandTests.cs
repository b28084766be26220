using System.Text.Json.Nodes;
using Looped.Host.CommandLine;
using Looped.Tests;

namespace Looped.Host.Tests;

public sealed class ParityCommandTests : IDisposable
{
    private const string Vector = """
        {
          "family": "cotformer", "kind": "macs", "name": "counts",
          "tolerance": { "output": {"atol": 0, "rtol": 0}, "grad": {"atol": 0, "rtol": 0}, "trace": {"atol": 0, "rtol": 0}, "final": {"atol": 0, "rtol": 0} },
          "tiny": [
            { "model": "base", "n_embd": 24, "n_head": 4, "vocab_size": 97, "n_layer": 4, "seq_len": 16, "macs": 493848 },
            { "model": "cotformer_full_depth", "n_embd": 24, "n_head": 4, "vocab_size": 97, "n_layer": 4, "n_repeat": 2, "seq_len": 11, "macs": 680281 }
          ]
        }
        """;

    private readonly TemporaryFolder _folder = new();

    public ParityCommandTests() => File.WriteAllText(_folder["counts.json"], Vector);

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_row_that_fails_makes_the_program_fail()
    {
        LoopedResult result = (await LoopedProcess.RunAsync("parity", _folder.Root)).Expect(ExitCode.Failed);
        Assert.Contains("FAIL", result.Output, StringComparison.Ordinal);
        Assert.Contains("1 passed, 1 failed, 0 not compared", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rows_can_be_chosen_and_printed_as_JSON()
    {
        LoopedResult result = (await LoopedProcess.RunAsync("parity", _folder.Root, "--only", "counts/base*", "--family", "cotformer", "--json")).Expect(ExitCode.Finished);
        JsonNode report = JsonNode.Parse(result.Output)!;
        Assert.Equal((1, 0), (report["passed"]!.GetValue<int>(), report["failed"]!.GetValue<int>()));
        Assert.StartsWith("base", report["rows"]![0]!["row"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--only", "nothing")]
    [InlineData("--family", "martian")]
    public async Task Nothing_to_compare_is_bad_usage(params string[] options)
    {
        LoopedResult result = (await LoopedProcess.RunAsync(["parity", _folder.Root, .. options])).Expect(ExitCode.BadUsage);
        Assert.Contains("Nothing to compare", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_path_is_bad_usage()
    {
        LoopedResult result = (await LoopedProcess.RunAsync("parity", _folder["missing"])).Expect(ExitCode.BadUsage);
        Assert.Contains("There is no reference vector or folder at", result.Error, StringComparison.Ordinal);
    }
}
