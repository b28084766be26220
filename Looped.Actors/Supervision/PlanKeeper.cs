using Looped.Models;
using Looped.Models.Optimization;

namespace Looped.Actors.Supervision;

/// <summary>
/// Keeps plans in the run folder, and those that a full disk turned away until there is room. Training need not wait for that: a successor asks
/// the members of a generation that it does not know for their plan. Used by the supervisor alone.
/// </summary>
/// <param name="memory">The run folder.</param>
/// <param name="warn">Told once that plans have to wait.</param>
internal sealed class PlanKeeper(ISupervisorMemory memory, Action<string> warn)
{
    private const int Most = 64;

    private readonly Queue<GenerationPlan> _waiting = new();
    private bool _warned;

    /// <summary>Keeps a plan, now or as soon as possible.</summary>
    public void Keep(GenerationPlan plan)
    {
        _waiting.Enqueue(plan);
        if (_waiting.Count > Most) _waiting.Dequeue(); // nobody can be in one that old
        Retry();
    }

    /// <summary>Keeps the numerics of the run, if there is room.</summary>
    public void Keep(string recipeIdentity, NumericsFingerprint numerics)
    {
        try
        {
            memory.Keep(recipeIdentity, numerics);
        }
        catch (Exception e) when (e is LoopedException or IOException or UnauthorizedAccessException)
        {
            warn($"warning: {e.Message} Training goes on; a supervisor that takes over asks the first worker that it hears.");
        }
    }

    /// <summary>Tries those again that wait.</summary>
    public void Retry()
    {
        try
        {
            while (_waiting.TryPeek(out GenerationPlan? plan))
            {
                memory.Keep(plan);
                _waiting.Dequeue();
            }
            _warned = false;
        }
        catch (Exception e) when (e is LoopedException or IOException or UnauthorizedAccessException)
        {
            if (!_warned) warn($"warning: {e.Message} Training goes on, and the plan is written as soon as that is possible.");
            _warned = true;
        }
    }
}
