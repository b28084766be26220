using Looped.Actors.Supervision;

namespace Looped.Actors.Training;

/// <summary>A committed step and who computed it.</summary>
/// <param name="Report">What is known of it.</param>
/// <param name="Generation">The generation that computed it.</param>
public sealed record RecordedStep(StepReport Report, Generation Generation);

/// <summary>
/// The latest committed steps, as every rank remembers them. If rank 0 dies with log lines that it could not write, its successor has them.
/// </summary>
public sealed class StepHistory
{
    /// <summary>How many steps are remembered at least; a few megabytes at most.</summary>
    public const int Kept = 10_000;

    private readonly List<RecordedStep> _steps = [];

    /// <summary>Adds a committed step; steps from there on that were remembered belong to a state that was given up.</summary>
    public void Add(RecordedStep step)
    {
        ArgumentNullException.ThrowIfNull(step);
        int keep = _steps.Count;
        while (keep > 0 && _steps[keep - 1].Report.Step >= step.Report.Step) keep--;
        _steps.RemoveRange(keep, _steps.Count - keep);
        if (_steps.Count >= Kept + (Kept / 4)) _steps.RemoveRange(0, _steps.Count - Kept);
        _steps.Add(step);
    }

    /// <summary>What is remembered of the steps up to one, ascending.</summary>
    public IReadOnlyList<RecordedStep> UpTo(long step) => [.. _steps.TakeWhile(s => s.Report.Step <= step)];
}
