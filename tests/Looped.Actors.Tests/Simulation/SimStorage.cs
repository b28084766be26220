using Looped.Actors.Supervision;

namespace Looped.Actors.Tests.Simulation;

/// <summary>The run folder: terms, plans, checkpoints. Survives everybody.</summary>
internal sealed class SimStorage(SimRun run) : ISupervisorMemory
{
    private readonly Dictionary<GenerationId, GenerationPlan> _plans = [];
    private readonly SortedDictionary<long, ulong> _checkpoints = [];
    private readonly HashSet<GenerationId> _full = [];
    private long _term;

    public long ClaimTerm() => ++_term;

    public long HighestTerm() => _term;

    public IReadOnlyList<GenerationPlan> Plans() => [.. _plans.Values.Where(p => !_full.Contains(p.Id))];

    public void Keep(GenerationPlan plan)
    {
        run.Require(_plans.TryAdd(plan.Id, plan), $"two plans are called {plan.Id}");
        if (run.Options.FullDisk > 0 && run.Choices.Chance(run.Options.FullDisk)) _full.Add(plan.Id);
        Partition(plan, plan.Generation.Assignment);
        if (plan.First is not null) Partition(plan, plan.First);
        run.Require(plan.Generation.Members.Distinct().Count() == plan.Generation.WorldSize, $"generation {plan.Id} has a member twice");
    }

    private void Partition(GenerationPlan plan, IReadOnlyList<IReadOnlyList<int>> assignment) => run.Require(
        assignment.Count == plan.Generation.WorldSize
        && assignment.SelectMany(a => a).Order().SequenceEqual(Enumerable.Range(0, run.Options.MicroBatches)),
        $"generation {plan.Id} leaves a micro-batch without an owner, or with two");

    public long Durable => _checkpoints.Count == 0 ? -1 : _checkpoints.Keys.Last();

    /// <summary>Writes a checkpoint; one that is there already must be the same.</summary>
    public void Write(long step, ulong state)
    {
        if (_checkpoints.TryGetValue(step, out ulong there)) run.Require(there == state, $"two checkpoints of step {step} differ");
        else _checkpoints.Add(step, state);
    }

    public (long Step, ulong State)? LoadNewest() => _checkpoints.Count == 0 ? null : (_checkpoints.Keys.Last(), _checkpoints.Values.Last());
}
