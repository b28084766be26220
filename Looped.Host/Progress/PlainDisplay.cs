using System.Globalization;
using Looped.Actors.Training;
using Looped.Host.CommandLine;

namespace Looped.Host.Progress;

/// <summary>Progress as plain lines, for files and pipes: at most about one a second, and always the first and the last step.</summary>
internal sealed class PlainDisplay(Action<string> write, TimeProvider time, TimeSpan? pause = null) : ITrainingDisplay
{
    private readonly TimeSpan _pause = pause ?? TimeSpan.FromSeconds(1);

    private readonly StepLine _line = new();
    private long? _written;

    public PlainDisplay() : this(Terminal.Out.WriteLine, TimeProvider.System) { }

    public void Start(string name, long committed, long steps) =>
        write(committed == 0 ? $"{name}: {steps:N0} steps" : $"{name}: continuing after step {committed:N0} of {steps:N0}");

    public void Step(StepReport report)
    {
        _line.Add(report);
        if (_written is { } last && report.Step != report.Steps && time.GetElapsedTime(last) < _pause) return;
        _written = time.GetTimestamp();
        string eta = _line.Remaining is { } left ? $"  eta {Quantity.Duration(left)}" : "";
        write(string.Create(CultureInfo.InvariantCulture, $"step {report.Step}/{report.Steps} ({StepLine.Percent(report.Step, report.Steps)} %)  {_line.Numbers}{eta}"));
    }

    public void Evaluated(EvaluationReport report) => write(StepLine.Describe(report));

    public void Note(string text) => write(text);

    public void Dispose() { }
}
