using System.CommandLine;
using System.Text.RegularExpressions;
using Looped.Host.CommandLine;

namespace Looped.Host.Tests;

/// <summary>What the documentation says exists, exists.</summary>
public partial class DocumentationTests
{
    private static readonly string Root = Repository.File("");

    /// <summary>Folders that are not part of the source tree.</summary>
    private static readonly string[] Foreign = ["bin", "obj", "runs", "shared", "TestResults", ".git"];

    public static TheoryData<string> Pages =>
        [.. Directory.EnumerateFiles(Root, "*.md", SearchOption.AllDirectories)
            .Select(page => Path.GetRelativePath(Root, page))
            .Where(page => !page.Split(Path.DirectorySeparatorChar).Intersect(Foreign).Any())];

    [Fact]
    public void The_pages_that_a_reader_begins_with_are_there() =>
        Assert.Superset(new HashSet<string> { "README.md", "docs/architecture.md", "docs/add-a-model.md", "docs/log.md", "docs/recipes.md" }, Pages.Select(p => p.Data).ToHashSet());

    [Fact]
    public void The_readme_is_a_tour_of_commands_paths_and_links() => Assert.Multiple(
        () => Assert.True(CommandLines("README.md").Count() > 10),
        () => Assert.True(Matches(Link(), "README.md").Count() > 5),
        () => Assert.True(Matches(SourcePath(), "docs/architecture.md").Count() > 10));

    [Theory, MemberData(nameof(Pages))]
    public void Every_command_line_in_a_code_block_is_one_the_program_accepts(string page)
    {
        Command root = LoopedProgram.CreateRoot(CommandList.All);
        Assert.All(CommandLines(page), line => Assert.True(UsageErrors.Of(root.Parse(line)).Count == 0, $"{page}: looped {line}"));
    }

    [Fact]
    public void The_readme_lists_every_command() =>
        Assert.All(CommandList.All, entry => Assert.Contains($"`{entry.Create().Name}`", Text("README.md"), StringComparison.Ordinal));

    [Theory, MemberData(nameof(Pages))]
    public void Every_command_named_in_a_sentence_exists(string page) =>
        Assert.All(Matches(InlineCommand(), page), name => Assert.Contains(name, CommandList.All.Select(entry => entry.Create().Name)));

    [Fact]
    public void The_example_of_a_family_is_the_one_that_is_compiled_and_trained()
    {
        string example = Assert.Single(Matches(Example(), "docs/add-a-model.md"));
        Assert.EndsWith(example, Text("tests/Looped.Models.Tests/Families/LoopedMlpFamily.cs"), StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Pages))]
    public void Every_relative_link_leads_to_a_file(string page)
    {
        string folder = Path.GetDirectoryName(Path.Combine(Root, page))!;
        Assert.All(Matches(Link(), page), target => Assert.True(Path.Exists(Path.Combine(folder, target)), $"{page} links to {target}"));
    }

    [Theory, MemberData(nameof(Pages))]
    public void Every_source_file_and_page_that_is_named_by_its_path_exists(string page) =>
        Assert.All(Matches(SourcePath(), page), path => Assert.True(File.Exists(Path.Combine(Root, path)), $"{page} names {path}"));

    private static IEnumerable<string> Matches(Regex pattern, string page) =>
        pattern.Matches(Text(page)).Select(m => m.Groups[1].Value);

    private static string Text(string page) => File.ReadAllText(Path.Combine(Root, page));

    /// <summary>Lines such as <c>looped train --run x   # why</c> in fenced blocks, without the program and the remark.</summary>
    private static IEnumerable<string> CommandLines(string page) =>
        CodeBlock().Matches(Text(page)).SelectMany(block => CommandLine().Matches(block.Value)).Select(m => m.Groups[1].Value.Trim());

    [GeneratedRegex(@"^```.*?^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CodeBlock();

    [GeneratedRegex(@"^(?:looped|dotnet run -c Release --project Looped\.Host --) (.*?)(?:\s+[#>].*)?$", RegexOptions.Multiline)]
    private static partial Regex CommandLine();

    [GeneratedRegex(@"`looped ([a-z][a-z-]*)")]
    private static partial Regex InlineCommand();

    [GeneratedRegex(@"^```csharp\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Example();

    [GeneratedRegex(@"\]\((?!https?:|#)([^)#\s]+)")]
    private static partial Regex Link();

    [GeneratedRegex(@"`([\w.-]+(?:/[\w.-]+)+\.(?:cs|md))`")]
    private static partial Regex SourcePath();
}
