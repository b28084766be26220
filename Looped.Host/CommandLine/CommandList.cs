using System.CommandLine;

namespace Looped.Host.CommandLine;

/// <summary>Every command of the program, a line each. Adding one is a file in <c>Commands/</c> and a line here.</summary>
internal static class CommandList
{
    private const string Machine = "This machine";

    /// <summary>The commands in the order the help lists them; neighbours of one group stand together.</summary>
    public static IReadOnlyList<CommandEntry> All { get; } =
    [
    ];
}

/// <summary>A command and the heading under which the help lists it.</summary>
internal sealed record CommandEntry(string Group, Func<Command> Create);
