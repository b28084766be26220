using System.CommandLine;
using System.Text.RegularExpressions;
using Looped.Host.Clustering;
using Looped.Host.CommandLine;
using Looped.Models;
using Looped.Tests;

namespace Looped.Host.Tests.Clustering;

public sealed partial class NodeFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public static TheoryData<string> Shipped => [.. Directory.GetFiles(Repository.File("cluster-config/nodes")).Select(f => Path.GetFileNameWithoutExtension(f)!)];

    [Fact]
    public void There_is_a_file_for_every_command_that_takes_one() =>
        Assert.Equal(CommandList.All.Select(e => e.Create()).Where(c => c.Options.Any(o => o.Name == "--node")).Select(c => c.Name).Order(), Shipped.Select(f => f.Data).Order());

    [Theory, MemberData(nameof(Shipped))]
    public void The_shipped_file_of_a_command_and_every_line_that_it_suggests_are_options_of_it(string name)
    {
        string shipped = File.ReadAllText(Repository.File($"cluster-config/nodes/{name}.yaml"));
        string everything = Suggested().Replace(shipped, "");
        Assert.NotEqual(shipped, everything);
        Assert.All([shipped, everything], text => Assert.Empty(UsageErrors.Of(Parse(name, text))));
    }

    [Fact]
    public void What_the_command_line_says_goes_before_what_the_file_says()
    {
        ParseResult parsed = Parse("worker", "seed: [10.0.0.1:1, 10.0.0.2:2]\nwait: 7\n", "--wait", "9");
        Assert.Equal(["10.0.0.1:1", "10.0.0.2:2"], parsed.GetValue<string[]>("--seed")!);
        Assert.Equal(9, parsed.GetValue<double>("--wait"));
    }

    [Fact]
    public void A_key_that_is_no_option_is_named_with_its_line_and_the_nearest()
    {
        UsageException error = Assert.Throws<UsageException>(() => Parse("evaluator", "seed: 10.0.0.1:1\nlistn: 10.0.0.7\n"));
        Assert.EndsWith("node.yaml, line 2: there is no option 'listn'; did you mean 'listen'?", error.Message, StringComparison.Ordinal);
    }

    private ParseResult Parse(string name, string text, params string[] args)
    {
        string file = _folder["node.yaml"];
        File.WriteAllText(file, text);
        Command root = LoopedProgram.CreateRoot(CommandList.All);
        return root.Parse(NodeFile.Expand([name, "--node", file, .. args], root.Subcommands.Single(c => c.Name == name)));
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>The mark before a line that is an option commented out.</summary>
    [GeneratedRegex(@"^# (?=[a-z-]+: \S+ +#|secret-file:)", RegexOptions.Multiline)]
    private static partial Regex Suggested();
}
