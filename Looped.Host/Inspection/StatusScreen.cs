using System.Globalization;
using Looped.Actors.Supervision;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace Looped.Host.Inspection;

/// <summary>A run at a glance, as a picture for a terminal and as plain lines.</summary>
internal static class StatusScreen
{
    private static readonly string[] Columns = ["rank", "worker", "device", "micro-batches", "computes a step in", "state", "straggler"];

    private const int Label = 12, WidestCurve = 72;

    /// <summary>The picture.</summary>
    /// <param name="view">What to show.</param>
    /// <param name="width">Columns of the terminal.</param>
    /// <param name="unicode">Whether block characters can be shown.</param>
    public static IRenderable Draw(RunView view, int width, bool unicode)
    {
        var rows = new List<IRenderable> { new Markup($"[bold]{Markup.Escape(view.Title)}[/]  [{(view.Over ? "green" : "default")}]{Markup.Escape(view.State)}[/]"), Progress(view, width, unicode) };
        rows.Add(new Markup(string.Join("   ", view.Numbers.Select(n => $"[grey]{Markup.Escape(n.Name)}[/] {Markup.Escape(n.Value)}"))));
        int columns = Math.Min(WidestCurve, width - Label - 22);
        if (columns > 8)
        {
            rows.Add(Curve("loss", view.Losses, "blue", columns, unicode));
            rows.Add(Curve("tokens/s", view.Speeds, "green", columns, unicode));
        }
        if (view.Workers.Count > 0) rows.Add(Workers(view));
        rows.AddRange(view.Events.Select(e => new Markup($"[grey]{Time(e)}[/]  [{Colour(e)}]{Markup.Escape(EventText.Of(e))}[/]")));
        rows.AddRange(view.Gaps.Select(gap => new Markup($"[grey]missing: {Markup.Escape(gap)}[/]")));
        return new Rows(rows);
    }

    /// <summary>The same without a terminal.</summary>
    public static IEnumerable<string> Lines(RunView view)
    {
        yield return $"{view.Title}: {view.State}";
        yield return Line("step", Steps(view));
        foreach ((string name, string value) in view.Numbers) yield return Line(name, value);
        foreach (WorkerRow w in view.Workers) yield return Line(w.Rank < 0 ? "worker" : $"rank {w.Rank}", string.Join(", ", Cells(w).Where(c => c is not ("" or "–"))));
        foreach (RunEvent happened in view.Events) yield return Line(Time(happened), EventText.Of(happened));
        foreach (string gap in view.Gaps) yield return Line("missing", gap);
    }

    private static Markup Progress(RunView view, int width, bool unicode)
    {
        string text = Steps(view);
        int room = Math.Min(WidestCurve, width - text.Length - 4);
        if (view.Steps is not > 0 || room < 8) return new Markup(Markup.Escape(text));
        int done = (int)(Math.Clamp((double)view.Step / view.Steps.Value, 0, 1) * room);
        (char full, char empty) = unicode ? ('━', '─') : ('#', '.');
        return new Markup($"[green]{new string(full, done)}[/][grey]{new string(empty, room - done)}[/]  {Markup.Escape(text)}");
    }

    private static Markup Curve(string name, IReadOnlyList<double> values, string colour, int columns, bool unicode)
    {
        double[] finite = [.. values.Where(double.IsFinite)];
        string range = finite.Length == 0 ? "" : $"{Short(finite.Min())} – {Short(finite.Max())}";
        return new Markup($"[grey]{name.PadRight(Label)}[/][{colour}]{Markup.Escape(Sparkline.Draw(values, columns, unicode))}[/] [grey]{range}[/]");
    }

    private static Table Workers(RunView view)
    {
        string[][] rows = [.. view.Workers.Select(w => Cells(w).Prepend(w.Rank < 0 ? "–" : $"{w.Rank}").ToArray())];
        // What a run folder does not tell needs no column.
        int[] columns = [.. Enumerable.Range(0, Columns.Length).Where(c => rows.Any(r => r[c] != "–"))];
        var table = new Table().Border(TableBorder.Simple).AddColumns([.. columns.Select(c => Columns[c])]);
        foreach ((string[] row, WorkerRow w) in rows.Zip(view.Workers))
        {
            string slow = w.Score > 1.5 ? "red" : w.Score > 1.2 ? "yellow" : "default";
            table.AddRow([.. columns.Select(c => new Markup($"[{(c == Columns.Length - 1 ? slow : "default")}]{Markup.Escape(row[c])}[/]"))]);
        }
        return table;
    }

    private static string[] Cells(WorkerRow w) =>
    [
        w.Name, w.Device is { Length: > 0 } device ? device : "–", w.Rank < 0 ? "–" : $"{w.MicroBatches} micro-batch{(w.MicroBatches == 1 ? "" : "es")}",
        w.StepSeconds is { } s ? EventText.Seconds(s) : "–", w.State ?? "–", w.Score is { } score ? string.Create(CultureInfo.InvariantCulture, $"{score:0.00} × median") : "–",
    ];

    private static string Steps(RunView view) => view.Steps is > 0 ? $"{view.Step:N0} of {view.Steps:N0} steps ({100 * view.Step / view.Steps} %)" : $"{view.Step:N0} steps";

    private static string Short(double value) => value.ToString(Math.Abs(value) < 100 ? "0.00" : "#,0", CultureInfo.InvariantCulture);

    private static string Time(RunEvent happened) => happened.Time.ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Colour(RunEvent happened) => happened.Event switch
    {
        RunEventKind.Lost or RunEventKind.Failed or RunEventKind.CheckpointFailed or RunEventKind.Refused => "red",
        RunEventKind.Left or RunEventKind.StopAsked or RunEventKind.Interrupted => "yellow",
        RunEventKind.Joined or RunEventKind.Recovered or RunEventKind.Restored or RunEventKind.Finished => "green",
        _ => "default",
    };

    private static string Line(string label, string text) => $"  {label,-Label}{text}";
}
