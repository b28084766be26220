using Looped.Host.CommandLine;
using Looped.Models;

namespace Looped.Host.Tests;

public class ExitCodeTests
{
    public static TheoryData<Exception, int> Endings => new()
    {
        { new UsageException("The recipe is bad."), ExitCode.BadUsage },
        { new LoopedException("The disk is full."), ExitCode.Failed },
        { new AggregateException(new UsageException("The recipe is bad.")), ExitCode.BadUsage },
        { new InvalidOperationException("Nobody expected this."), ExitCode.Failed },
    };

    [Theory, MemberData(nameof(Endings), DisableDiscoveryEnumeration = true)]
    public async Task An_exception_becomes_an_exit_code(Exception exception, int code)
    {
        CommandEntry entry = new("Group", () =>
        {
            var command = new LoopedCommand("fail", "Fails.") { Examples = [] };
            command.SetAction((Func<System.CommandLine.ParseResult, int>)(_ => throw exception));
            return command;
        });
        Assert.Equal(code, await LoopedProgram.RunAsync(["fail"], [entry]));
        Assert.Equal(code, await LoopedProgram.RunAsync(["fail", "--verbose"], [entry]));
    }

    [Fact]
    public async Task The_code_of_a_command_is_the_code_of_the_program()
    {
        CommandEntry entry = new("Group", () =>
        {
            var command = new LoopedCommand("drain", "Ends early.") { Examples = [] };
            command.SetAction(_ => ExitCode.Drained);
            return command;
        });
        Assert.Equal(75, await LoopedProgram.RunAsync(["drain"], [entry]));
    }

    [Fact]
    public async Task An_error_is_one_sentence_and_verbose_adds_where_it_happened()
    {
        LoopedResult plain = (await LoopedProcess.RunAsync("recipe", "show", "--set", "seed=x")).Expect(ExitCode.BadUsage);
        Assert.Equal("error: --set seed=x: seed: must be a whole number, not 'x'\n", plain.Error);
        Assert.Empty(plain.Output);
        LoopedResult verbose = (await LoopedProcess.RunAsync("recipe", "show", "--set", "seed=x", "--verbose")).Expect(ExitCode.BadUsage);
        Assert.Contains("   at Looped.", verbose.Error, StringComparison.Ordinal);
        Assert.EndsWith(plain.Error, verbose.Error, StringComparison.Ordinal);
    }
}
