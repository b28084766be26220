namespace Looped.Actors.Telemetry;

/// <summary>Which steps are traced: the first of a process and those after each new generation, then one in many. Decided before the step.</summary>
internal sealed class StepSampler
{
    private const int First = 20, Every = 100;

    private int _left = First;

    /// <summary>A generation begins.</summary>
    public void Begin() => _left = First;

    /// <summary>Whether a step is traced.</summary>
    public bool Take(long step) => _left-- > 0 || step % Every == 0;
}
