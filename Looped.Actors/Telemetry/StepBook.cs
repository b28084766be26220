namespace Looped.Actors.Telemetry;

/// <summary>Remembers what steps since the last durable checkpoint cost, so that a step that comes a second time tells what was lost. Pure.</summary>
public sealed class StepBook
{
    private const int Longest = 100_000;

    private readonly LinkedList<(long Step, double Seconds)> _steps = [];

    /// <summary>Notes a committed step.</summary>
    /// <param name="step">The step.</param>
    /// <param name="seconds">What it cost all workers together.</param>
    /// <returns>Steps, this one and later ones, that had been committed before, and what they had cost.</returns>
    public (long Steps, double Seconds) Commit(long step, double seconds)
    {
        (long Steps, double Seconds) lost = default;
        while (_steps.Last is { Value: var last } && last.Step >= step)
        {
            lost = (lost.Steps + 1, lost.Seconds + last.Seconds);
            _steps.RemoveLast();
        }
        _steps.AddLast((step, seconds));
        if (_steps.Count > Longest) _steps.RemoveFirst();
        return lost;
    }

    /// <summary>A checkpoint is durable: the steps up to it cannot be lost any more.</summary>
    public void Durable(long step)
    {
        while (_steps.First is { Value: var first } && first.Step <= step) _steps.RemoveFirst();
    }
}
