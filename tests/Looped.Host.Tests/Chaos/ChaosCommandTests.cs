using Looped.Host.CommandLine;
using Looped.Tests;

namespace Looped.Host.Tests.Chaos;

public class ChaosCommandTests
{
    [Theory]
    [InlineData("Say where the failures come from", "chaos", "demo")]
    [InlineData("--workers is 0", "chaos", "demo", "--random-seed", "1", "--workers", "0")]
    [InlineData("--trace nowhere.csv cannot be read", "chaos", "demo", "--trace", "nowhere.csv")]
    [InlineData("There is no recipe 'dmeo'; did you mean 'demo'?", "chaos", "dmeo", "--random-seed", "1")]
    public async Task A_chaos_that_cannot_be_is_bad_usage_in_a_sentence(string sentence, params string[] args)
    {
        LoopedResult result = (await LoopedProcess.RunAsync(args)).Expect(ExitCode.BadUsage);
        Assert.Contains(sentence, result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ctrl_C_in_its_first_moments_leaves_no_folder_behind()
    {
        using var folder = new TemporaryFolder();
        using LoopedProcess chaos = LoopedProcess.Start(folder.Root, new Dictionary<string, string?> { ["TMPDIR"] = folder.Root }, "chaos", "demo", "--random-seed", "1");
        await chaos.WaitForOutputAsync("80 steps by one worker that nobody disturbs");
        Assert.Single(Folders());
        chaos.Signal("INT");
        (await chaos.WaitAsync()).Expect(ExitCode.Interrupted);
        Assert.Empty(Folders());

        IEnumerable<string> Folders() => Directory.EnumerateDirectories(folder.Root, "looped-chaos-*");
    }
}
