using Looped.Host.CommandLine;

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
}
