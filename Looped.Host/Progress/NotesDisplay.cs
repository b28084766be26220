using Looped.Actors.Training;

namespace Looped.Host.Progress;

/// <summary>Notes only, for files and pipes where steps are of no interest.</summary>
internal sealed class NotesDisplay(Action<string> write) : ITrainingDisplay
{
    public void Start(string name, long committed, long steps) { }

    public void Step(StepReport report) { }

    public void Evaluated(EvaluationReport report) { }

    public void Note(string text) => write(text);

    public void Dispose() { }
}
