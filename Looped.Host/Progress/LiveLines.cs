using System.Globalization;
using Looped.Host.CommandLine;
using Spectre.Console;

namespace Looped.Host.Progress;

/// <summary>The two lines of the live display, as Spectre markup: a bar as wide as there is room, and the numbers of the last step.</summary>
internal static class LiveLines
{
    private const int WidestBar = 60, NarrowestBar = 5;

    /// <summary>Draws them.</summary>
    /// <param name="name">The run's name.</param>
    /// <param name="step">Steps committed.</param>
    /// <param name="steps">Steps of the whole run.</param>
    /// <param name="line">The numbers.</param>
    /// <param name="width">Columns of the terminal; no line is longer.</param>
    /// <param name="unicode">Whether box-drawing characters can be shown.</param>
    public static string Draw(string name, long step, long steps, StepLine line, int width, bool unicode)
    {
        string eta = line.Remaining is { } left ? $"  eta {Quantity.Duration(left)}" : "";
        string numbers = string.Create(CultureInfo.InvariantCulture, $"{StepLine.Percent(step, steps),3} %  {step}/{steps}{eta}");
        // The last column stays free: some terminals break the line when it is written.
        int room = Math.Min(WidestBar, width - 1 - name.Length - numbers.Length - 3);
        string first = room < NarrowestBar ? Markup.Escape(Cut($"{name} {numbers}", width))
            : $"{Markup.Escape(name)} {Bar((double)step / steps, room, unicode)} {numbers}";
        return $"{first}\n{Markup.Escape(Cut(line.Numbers, width))}";
    }

    private static string Bar(double share, int width, bool unicode)
    {
        int done = (int)Math.Round(Math.Clamp(share, 0, 1) * width);
        (char full, char empty) = unicode ? ('━', '─') : ('#', '.');
        return $"[green]{new string(full, done)}[/][grey]{new string(empty, width - done)}[/]";
    }

    private static string Cut(string text, int width) => text.Length < width ? text : text[..Math.Max(0, width - 1)];
}
