using System.CommandLine;

namespace Looped.Host.CommandLine;

/// <summary>A command whose <c>--help</c> ends with examples that can be pasted into a shell.</summary>
internal sealed class LoopedCommand(string name, string description) : Command(name, description)
{
    /// <summary>Command lines as a person types them, such as <c>looped train quickstart --set training.steps=50</c>.</summary>
    public required IReadOnlyList<string> Examples { get; init; }
}
