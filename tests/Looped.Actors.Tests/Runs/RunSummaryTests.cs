using System.Text.Json.Nodes;
using Looped.Actors.Runs;
using Looped.Models;
using Looped.Tests;

namespace Looped.Actors.Tests.Runs;

public sealed class RunSummaryTests : IDisposable
{
    private static readonly RunSummary Summary = new("quickstart", RunStatus.Finished, 150, 150, 307200, 2_700_000,
        new ValidationSummary(88.5, 9.25, UnigramPerplexity: 21.5), "abc", 118.5, 0.97);

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_file_has_the_documented_names()
    {
        Summary.Write(_folder["summary.json"]);
        JsonNode json = JsonNode.Parse(File.ReadAllText(_folder["summary.json"]))!;
        Assert.Equal("finished", (string?)json["status"]);
        Assert.Equal((150, 307200), ((int)json["steps"]!, (int)json["tokens"]!));
        Assert.Equal((88.5, 9.25), ((double)json["validation"]!["initial_perplexity"]!, (double)json["validation"]!["final_perplexity"]!));
        Assert.Equal(("abc", 118.5, 0.97), ((string?)json["weights_sha256"], (double)json["seconds"]!, (double)json["goodput"]!));
    }

    [Theory]
    [InlineData(RunStatus.Finished, "finished")]
    [InlineData(RunStatus.Interrupted, "interrupted")]
    [InlineData(RunStatus.Failed, "failed")]
    public void It_comes_back_as_it_was(RunStatus status, string word)
    {
        RunSummary summary = Summary with { Status = status, Validation = new(double.PositiveInfinity, null) };
        summary.Write(_folder["summary.json"]);
        Assert.Equal(summary, RunSummary.Read(_folder["summary.json"]));
        Assert.Contains($"\"status\": \"{word}\"", File.ReadAllText(_folder["summary.json"]), StringComparison.Ordinal);
    }

    [Fact]
    public void A_missing_file_is_none_and_a_malformed_one_is_an_error()
    {
        Assert.Null(RunSummary.Read(_folder["summary.json"]));
        File.WriteAllText(_folder["summary.json"], "{");
        Assert.Contains("summary.json cannot be read", Assert.Throws<LoopedException>(() => RunSummary.Read(_folder["summary.json"])).Message, StringComparison.Ordinal);
    }
}
