using Looped.Actors.Training;

namespace Looped.Host.Progress;

/// <summary>What a person sees while a run trains. Calls come one at a time.</summary>
internal interface ITrainingDisplay : IDisposable
{
    /// <summary>Training begins or continues.</summary>
    /// <param name="name">The run's name.</param>
    /// <param name="committed">Steps already committed.</param>
    /// <param name="steps">Steps of the whole run.</param>
    void Start(string name, long committed, long steps);

    /// <summary>A step was committed.</summary>
    void Step(StepReport report);

    /// <summary>An evaluation is done.</summary>
    void Evaluated(EvaluationReport report);

    /// <summary>Something worth a line of its own.</summary>
    void Note(string text);
}
