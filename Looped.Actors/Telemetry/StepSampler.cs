namespace Looped.Actors.Telemetry;

/// <summary>Which steps are traced: the first of a process and those after each new generation, then one in many. Decided before the step.</summary>
/// <param name="first">How many at a beginning.</param>
/// <param name="every">One in so many afterwards.</param>
internal sealed class StepSampler(int first = 20, int every = 100)
{
    private int _left = first;

    /// <summary>A generation begins.</summary>
    public void Begin() => _left = first;

    /// <summary>Whether a step is traced.</summary>
    public bool Take(long step) => _left-- > 0 || step % every == 0;
}
