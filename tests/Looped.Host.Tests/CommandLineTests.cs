using System.CommandLine;
using Looped.Host.CommandLine;

namespace Looped.Host.Tests;

public class CommandLineTests
{
    [Theory]
    [InlineData("--help")]
    [InlineData("help")]
    [InlineData]
    public async Task The_help_of_the_program_says_what_it_is_and_lists_every_command(params string[] args)
    {
        LoopedResult result = (await LoopedProcess.RunAsync(args)).Expect(ExitCode.Finished);
        Assert.StartsWith(RootHelp.Sentence, result.Output, StringComparison.Ordinal);
        Assert.All(CommandList.All, entry => Assert.Contains($"  {entry.Create().Name} ", result.Output, StringComparison.Ordinal));
        Assert.Empty(result.Error);
    }

    [Fact]
    public async Task Help_before_a_command_is_the_command_s_help()
    {
        LoopedResult result = (await LoopedProcess.RunAsync("help", "bench", "ring")).Expect(ExitCode.Finished);
        Assert.Equal((await LoopedProcess.RunAsync("bench", "ring", "--help")).Output, result.Output);
    }

    [Fact]
    public async Task The_version_is_one_line()
    {
        LoopedResult result = (await LoopedProcess.RunAsync("--version")).Expect(ExitCode.Finished);
        Assert.Matches(@"^looped \d+\.\d+\.\d+( \([0-9a-f]+\))?\n$", result.Output);
    }

    [Fact]
    public async Task An_unknown_option_of_the_program_is_bad_usage_and_suggests_the_nearest()
    {
        LoopedResult result = (await LoopedProcess.RunAsync("--versoin")).Expect(ExitCode.BadUsage);
        Assert.Equal("error: looped has no option --versoin; did you mean '--version'?\nSee looped --help.\n", result.Error);
    }

    [Fact]
    public void Every_command_has_a_description_and_an_example_that_parses()
    {
        Command root = LoopedProgram.CreateRoot(CommandList.All);
        Assert.All(Leaves(root).Where(c => c != root), command =>
        {
            Assert.False(string.IsNullOrWhiteSpace(command.Description), UsageErrors.PathOf(command));
            var looped = Assert.IsType<LoopedCommand>(command);
            Assert.NotEmpty(looped.Examples);
            Assert.All(looped.Examples, example =>
            {
                Assert.StartsWith(UsageErrors.PathOf(command), example, StringComparison.Ordinal);
                Assert.Empty(UsageErrors.Of(root.Parse(example["looped ".Length..])));
            });
        });
    }

    [Theory]
    [InlineData("look a b", "looped look does not know what to do with 'b'")]
    [InlineData("lok", "looped has no command 'lok'; did you mean 'look'?")]
    [InlineData("lok a --dry-run", "looped has no command 'lok'; did you mean 'look'?")]
    [InlineData("look a --dry-rum", "looped look has no option --dry-rum; did you mean '--dry-run'?")]
    [InlineData("look --dry-rum", "looped look has no option --dry-rum; did you mean '--dry-run'?")]
    [InlineData("look --dry-rum=3", "looped look has no option --dry-rum; did you mean '--dry-run'?")]
    [InlineData("look --verbos", "looped look has no option --verbos; did you mean '--verbose'?")]
    [InlineData("look --steps --dry-rum", "looped look has no option --dry-rum; did you mean '--dry-run'?")]
    [InlineData("look --steps many", "--steps must be a whole number, not 'many'")]
    [InlineData("look --factor much", "--factor must be a number, not 'much'")]
    [InlineData("group", "looped group needs one of its commands: one, two")]
    [InlineData("group on", "looped group has no command 'on'; did you mean 'one'?")]
    [InlineData("group one --factor", "looped group one has no option --factor")]
    public void A_mistake_is_named_with_the_nearest_valid_word(string line, string sentence)
    {
        IReadOnlyList<string> errors = UsageErrors.Of(LoopedProgram.CreateRoot([new("Group", CreateLook), new("Group", CreateGroup)]).Parse(line));
        Assert.Equal([sentence], errors);
    }

    [Theory]
    [InlineData("look a --dry-run --steps 3")]
    [InlineData("look --steps -3")]
    [InlineData("look -- --a-file-with-a-strange-name")]
    public void A_correct_line_has_no_mistakes(string line) =>
        Assert.Empty(UsageErrors.Of(LoopedProgram.CreateRoot([new("Group", CreateLook), new("Group", CreateGroup)]).Parse(line)));

    private static LoopedCommand CreateLook() => new("look", "Looks.")
    {
        Examples = ["looped look"],
        Arguments = { new Argument<string?>("THING") { Arity = ArgumentArity.ZeroOrOne } },
        Options = { new Option<bool>("--dry-run"), new Option<int>("--steps"), new Option<double?>("--factor") },
    };

    private static LoopedCommand CreateGroup() => new("group", "Has commands.")
    {
        Examples = ["looped group one"],
        Subcommands = { new LoopedCommand("one", "First.") { Examples = [] }, new LoopedCommand("two", "Second.") { Examples = [] } },
    };

    private static IEnumerable<Command> Leaves(Command command) =>
        command.Subcommands.Count == 0 ? [command] : command.Subcommands.SelectMany(Leaves);
}
