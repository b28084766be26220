using Looped.Actors.Training;
using Spectre.Console;

namespace Looped.Host.Progress;

/// <summary>Progress as two live lines at the bottom of a terminal; evaluations and notes scroll by above them.</summary>
internal sealed class LiveDisplay(IAnsiConsole console, TimeProvider time) : ITrainingDisplay
{
    // Steps of a small model may take a millisecond: drawing must never slow them down.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(100);

    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly StepLine _line = new();
    private LiveDisplayContext? _context;
    private Task? _drawing;
    private long? _drawn;
    private string _name = "";

    public void Start(string name, long committed, long steps)
    {
        _name = name;
        if (committed > 0) Note($"{name}: continuing after step {committed:N0} of {steps:N0}");
        var started = new TaskCompletionSource<LiveDisplayContext>(TaskCreationOptions.RunContinuationsAsynchronously);
        _drawing = console.Live(Draw(committed, steps)).StartAsync(async context =>
        {
            context.Refresh();
            started.SetResult(context);
            await _ended.Task;
        });
        _context = started.Task.GetAwaiter().GetResult();
    }

    public void Step(StepReport report)
    {
        _line.Add(report);
        if (_drawn is { } last && report.Step != report.Steps && time.GetElapsedTime(last) < Pause) return;
        _drawn = time.GetTimestamp();
        _context?.UpdateTarget(Draw(report.Step, report.Steps));
    }

    public void Evaluated(EvaluationReport report) => Above(StepLine.Describe(report), "green");

    public void Note(string text) => Above(text, "default");

    public void Dispose()
    {
        _ended.TrySetResult();
        _drawing?.GetAwaiter().GetResult();
    }

    /// <summary>Writes a line above the live ones. It is filled up with spaces, because what it covers is not erased.</summary>
    private void Above(string text, string colour)
    {
        int width = Math.Max(1, console.Profile.Width);
        int filled = _context is null ? text.Length : (text.Length + width) / width * width - 1;
        console.MarkupLine($"[{colour}]{Markup.Escape(text.PadRight(filled))}[/]");
    }

    private Markup Draw(long step, long steps) => new(LiveLines.Draw(_name, step, steps, _line, console.Profile.Width, console.Profile.Capabilities.Unicode));
}
