using Looped.Actors.Training;
using Spectre.Console;

namespace Looped.Host.Progress;

/// <summary>Progress as a live bar on a terminal; evaluations and notes scroll by above it.</summary>
internal sealed class LiveDisplay(IAnsiConsole console) : ITrainingDisplay
{
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly StepLine _line = new();
    private ProgressTask? _task;
    private Task? _drawing;
    private string _name = "";

    public void Start(string name, long committed, long steps)
    {
        _name = name;
        if (committed > 0) Note($"{name}: continuing after step {committed:N0} of {steps:N0}");
        var started = new TaskCompletionSource<ProgressTask>();
        _drawing = console.Progress().AutoClear(false)
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = 24 }, new PercentageColumn())
            .StartAsync(async context =>
            {
                ProgressTask task = context.AddTask(Markup.Escape(name), maxValue: steps);
                task.Value = committed;
                started.SetResult(task);
                await _ended.Task;
            });
        _task = started.Task.GetAwaiter().GetResult();
    }

    public void Step(StepReport report)
    {
        _line.Add(report);
        if (_task is null) return;
        string eta = _line.Remaining is { } left ? $"  eta {StepLine.Clock(left)}" : "";
        _task.Description = Markup.Escape($"{_name} {report.Step}/{report.Steps}  {_line.Numbers}{eta}");
        _task.Value = report.Step;
    }

    public void Evaluated(EvaluationReport report) => console.MarkupLine($"[green]{Markup.Escape(StepLine.Describe(report))}[/]");

    public void Note(string text) => console.MarkupLine(Markup.Escape(text));

    public void Dispose()
    {
        _ended.TrySetResult();
        _drawing?.GetAwaiter().GetResult();
    }
}
