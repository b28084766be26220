using Looped.Actors.Training;
using Looped.Host.CommandLine;

namespace Looped.Host.Progress;

/// <summary>Notes only, for files and pipes where steps are of no interest; or nothing at all.</summary>
internal sealed class NotesDisplay(Action<string>? write) : ITrainingDisplay
{
    /// <summary>Notes to standard output.</summary>
    public NotesDisplay() : this(Terminal.Out.WriteLine) { }

    public void Start(string name, long committed, long steps) { }

    public void Step(StepReport report) { }

    public void Evaluated(EvaluationReport report) { }

    public void Note(string text) => write?.Invoke(text);

    public void Dispose() { }
}
