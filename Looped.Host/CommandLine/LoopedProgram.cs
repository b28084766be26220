using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using System.Reflection;
using Looped.Host.Clustering;
using Looped.Models;

namespace Looped.Host.CommandLine;

/// <summary>The composition of the command line: commands in, exit code out, every error as a sentence on standard error.</summary>
internal static class LoopedProgram
{
    private static readonly Option<bool> Verbose = new("--verbose")
    {
        Description = "Log every step, and show stack traces of errors (also: LOOPED_DEBUG=1).",
        Recursive = true,
    };

    /// <summary>Runs a command line and gives the exit code.</summary>
    public static Task<int> RunAsync(string[] args) => RunAsync(args, CommandList.All);

    /// <summary>Runs a command line with the given commands.</summary>
    internal static async Task<int> RunAsync(string[] args, IReadOnlyList<CommandEntry> entries)
    {
        if (args is ["help", .. string[] words]) args = [.. words, "--help"];
        Command root = CreateRoot(entries);
        ParseResult parsed = root.Parse(args);
        try
        {
            if (parsed.CommandResult.Command.Options.Any(o => o.Name == "--node"))
                parsed = root.Parse(NodeFile.Expand(args, parsed.CommandResult.Command));
            // The help and version pages answer whatever else was typed.
            bool answers = parsed.Action is RootHelp or VersionPage;
            if (!answers && UsageErrors.Of(parsed) is { Count: > 0 } mistakes)
                throw new UsageException($"{string.Join(Environment.NewLine + "error: ", mistakes)}{Environment.NewLine}"
                    + $"See {UsageErrors.PathOf(parsed.CommandResult.Command)} --help.");

            // Signals belong to the command: training ends with a checkpoint, not with the library's two seconds of patience.
            return await parsed.InvokeAsync(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
#pragma warning disable CA1031 // The last place that can turn an exception into a sentence.
        catch (Exception exception)
        {
            return Report(exception, IsVerbose(parsed));
        }
#pragma warning restore CA1031
    }

    /// <summary>Whether everything is to be told.</summary>
    internal static bool IsVerbose(ParseResult parsed) => parsed.GetValue(Verbose) || Environment.GetEnvironmentVariable("LOOPED_DEBUG") is { Length: > 0 };

    /// <summary>The command tree, without running anything.</summary>
    internal static Command CreateRoot(IReadOnlyList<CommandEntry> entries)
    {
        var root = new Command("looped", RootHelp.Sentence);
        foreach (CommandEntry entry in entries)
            root.Add(entry.Create());
        var help = new HelpOption("--help", "-h", "-?") { Description = "Show what a command does, its options and examples." };
        var rootHelp = new RootHelp(root, entries, (HelpAction)help.Action!);
        help.Action = rootHelp;
        root.Add(help);
        root.Add(new VersionOption { Description = "Show the version.", Action = new VersionPage() });
        root.Add(Verbose);
        root.SetAction(rootHelp.Invoke);
        return root;
    }

    private static int Report(Exception exception, bool verbose)
    {
        if (exception is AggregateException { InnerExceptions: [Exception only] })
            exception = only;
        if (verbose)
            Terminal.Error.WriteLine(exception.ToString());
        if (exception is LoopedException)
        {
            Terminal.Error.WriteError(exception.Message);
            return exception switch { UsageException => ExitCode.BadUsage, NoClusterException => ExitCode.NoCluster, _ => ExitCode.Failed };
        }

        Terminal.Error.WriteError($"{exception.GetType().Name}: {exception.Message}");
        if (!verbose)
            Terminal.Error.WriteLine("This is unexpected. Run the same command with --verbose to see where it happened.");
        return ExitCode.Failed;
    }

    /// <summary>The action of <c>--version</c>: version and, where the build knew it, the commit.</summary>
    private sealed class VersionPage : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            string version = typeof(LoopedProgram).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;
            string[] parts = version.Split('+');
            Terminal.Out.WriteLine(parts.Length == 1 ? $"looped {version}" : $"looped {parts[0]} ({parts[1][..Math.Min(12, parts[1].Length)]})");
            return ExitCode.Finished;
        }
    }
}
