using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Looped.Host.CommandLine;

/// <summary>
/// The action of <c>--help</c>: for the program itself one sentence, the commands by group and a first thing to try;
/// for a command the library's own page, followed by its examples.
/// </summary>
internal sealed class RootHelp(Command root, IReadOnlyList<CommandEntry> entries, HelpAction page) : SynchronousCommandLineAction
{
    public const string Sentence =
        "Looped trains looped (recursive-depth) language models on machines that come and go, to the same bits.";

    public override bool ClearsParseErrors => true;

    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        Command command = parseResult.CommandResult.Command;
        if (command == root)
        {
            WriteRoot(output);
            return ExitCode.Finished;
        }

        int code = page.Invoke(parseResult);
        if (command is LoopedCommand { Examples.Count: > 0 } looped)
            WriteExamples(output, looped.Examples);
        return code;
    }

    private void WriteRoot(TextWriter output)
    {
        output.WriteLine(Sentence);
        output.WriteLine();
        output.WriteLine("Usage:");
        output.WriteLine("  looped COMMAND [options]");

        List<(string Group, Command Command)> commands = [.. entries.Select(e => (e.Group, Find(e)))];
        int width = commands.Select(c => c.Command.Name.Length).Append("--version".Length).Max() + 2;
        foreach (IGrouping<string, (string Group, Command Command)> group in commands.GroupBy(c => c.Group))
        {
            output.WriteLine();
            output.WriteLine($"{group.Key}:");
            foreach ((_, Command command) in group)
                output.WriteLine($"  {command.Name.PadRight(width)}{command.Description}");
        }

        output.WriteLine();
        output.WriteLine("Options:");
        foreach (Option option in root.Options)
            output.WriteLine($"  {option.Name.PadRight(width)}{option.Description}");
        WriteExamples(output, commands.Select(c => c.Command).OfType<LoopedCommand>().SelectMany(c => c.Examples.Take(1)).Take(3));
    }

    private Command Find(CommandEntry entry) => root.Subcommands[entries.Index().First(e => e.Item == entry).Index];

    private static void WriteExamples(TextWriter output, IEnumerable<string> examples)
    {
        output.WriteLine(output.NewLine + "Examples:");
        foreach (string example in examples)
            output.WriteLine($"  {example}");
        output.WriteLine();
    }
}
