using Looped.Host.CommandLine;
using Looped.Tests;

namespace Looped.Host.Tests.Commands;

public sealed class PlotCommandTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private static void AssertPng(string path) => Assert.Equal("PNG"u8.ToArray(), File.ReadAllBytes(path)[1..4]);

    [Fact]
    public async Task The_figure_of_one_run_goes_into_its_folder()
    {
        SmallRun.Write(_folder["a"], checkpoints: []);
        LoopedResult result = (await LoopedProcess.RunAsync("plot", _folder["a"])).Expect(ExitCode.Finished);
        Assert.Equal(_folder["a/loss.png"] + "\n", result.Output);
        AssertPng(_folder["a/loss.png"]);
    }

    [Fact]
    public async Task The_figure_of_two_runs_goes_where_it_is_told()
    {
        SmallRun.Write(_folder["a"], checkpoints: []);
        SmallRun.Write(_folder["b"], checkpoints: []);
        (await LoopedProcess.RunAsync("plot", _folder["a"], _folder["b"], "--out", _folder["both.png"])).Expect(ExitCode.Finished);
        AssertPng(_folder["both.png"]);
    }

    [Fact]
    public async Task A_file_that_cannot_be_written_and_a_run_without_steps_are_clear_errors()
    {
        SmallRun.Write(_folder["a"], checkpoints: []);
        SmallRun.Write(_folder["empty"], 0, []);
        LoopedResult unwritable = (await LoopedProcess.RunAsync("plot", _folder["a"], "--out", _folder["none/x.png"])).Expect(ExitCode.Failed);
        Assert.StartsWith($"error: {_folder["none/x.png"]} cannot be written", unwritable.Error, StringComparison.Ordinal);
        LoopedResult empty = (await LoopedProcess.RunAsync("plot", _folder["empty"])).Expect(ExitCode.BadUsage);
        Assert.StartsWith("error: There is nothing to plot", empty.Error, StringComparison.Ordinal);
    }
}
