using System.Globalization;
using Looped.Actors.Training;
using Looped.Models.Optimization;

namespace Looped.Host.Progress;

/// <summary>Adds to a display what gradient norms did, at each step that is evaluated, and a warning where one stands out.</summary>
/// <param name="display">The display; this one owns it.</param>
/// <param name="every">Steps between evaluations; 0 watches nothing.</param>
internal sealed class GradientWatch(ITrainingDisplay display, int every) : ITrainingDisplay
{
    private readonly GradientNorms _norms = new(Math.Max(1, every));

    public void Start(string name, long committed, long steps) => display.Start(name, committed, steps);

    public void Step(StepReport report)
    {
        display.Step(report);
        if (every == 0) return;
        _norms.Add(report.GradientNorm);
        if (report.Step % every != 0 || _norms.Summary() is not { } summary) return;
        display.Note(summary.ToString());
        if (summary.Spike)
            display.Note(string.Create(CultureInfo.InvariantCulture,
                $"warning: a gradient norm of the last {summary.Steps} steps was {summary.Largest / summary.Mean:0.0} times their mean; if the loss suffers, lower optimizer.clip_norm or optimizer.learning_rate."));
    }

    public void Evaluated(EvaluationReport report) => display.Evaluated(report);

    public void Note(string text) => display.Note(text);

    public void Dispose() => display.Dispose();
}
