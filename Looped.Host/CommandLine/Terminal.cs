using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Spectre.Console;

namespace Looped.Host.CommandLine;

/// <summary>
/// Standard output or standard error as commands use it: plain lines, tables and live displays through Spectre, JSON.
/// Colour and cursor movement appear only on a terminal; <c>NO_COLOR</c> and <c>TERM=dumb</c> are honoured.
/// </summary>
internal sealed class Terminal
{
    /// <summary>Columns of tables that go to a file or a pipe: wide enough that nothing is folded.</summary>
    private const int WidthOfAFile = 160;

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly TextWriter _writer;

    private Terminal(TextWriter writer, bool redirected)
    {
        _writer = writer;
        string? term = Environment.GetEnvironmentVariable("TERM");
        IsInteractive = !redirected && !string.IsNullOrEmpty(term) && term != "dumb";
        bool colour = IsInteractive && string.IsNullOrEmpty(Environment.GetEnvironmentVariable("NO_COLOR"));
        Console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Ansi = IsInteractive ? AnsiSupport.Yes : AnsiSupport.No,
            ColorSystem = colour ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = IsInteractive ? InteractionSupport.Yes : InteractionSupport.No,
            Out = new AnsiConsoleOutput(writer),
        });
        if (redirected)
            Console.Profile.Width = WidthOfAFile;
    }

    /// <summary>Standard output: results.</summary>
    public static Terminal Out { get; } = new(System.Console.Out, System.Console.IsOutputRedirected);

    /// <summary>Standard error: errors and warnings.</summary>
    public static Terminal Error { get; } = new(System.Console.Error, System.Console.IsErrorRedirected);

    /// <summary>Whether a person looks at it, so that a live display makes sense.</summary>
    public bool IsInteractive { get; }

    /// <summary>Spectre's console, for tables, colours and live displays.</summary>
    public IAnsiConsole Console { get; }

    /// <summary>Writes a line as it is: no markup, never folded.</summary>
    public void WriteLine(string line = "") => _writer.WriteLine(line);

    /// <summary>Writes text as it is, line breaks included.</summary>
    public void Write(string text) => _writer.Write(text);

    /// <summary>Writes an object as indented JSON.</summary>
    public void WriteJson(JsonNode node) => _writer.WriteLine(node.ToJsonString(Indented));

    /// <summary>Writes an error; red where there is colour.</summary>
    public void WriteError(string sentence) => WriteLabelled("error:", "red", $" {sentence}");

    /// <summary>Writes a warning; yellow where there is colour.</summary>
    public void WriteWarning(string sentence) => WriteLabelled("warning:", "yellow", $" {sentence}");

    /// <summary>Writes a line of which the first words have a colour.</summary>
    public void WriteLabelled(string label, string colour, string rest)
    {
        Console.Markup($"[{colour}]{label}[/]");
        _writer.WriteLine(rest);
    }
}
