namespace Looped.Actors.Runs;

/// <summary>Who computed a step: a line of `steps.jsonl`.</summary>
/// <param name="Step">The step; after it, this many steps are committed.</param>
/// <param name="Generation">The generation that computed it.</param>
/// <param name="Members">Its workers in the order of their ranks.</param>
/// <param name="Assignment">The micro-batch numbers of each rank; together 0 … M−1, each once.</param>
public sealed record StepAssignment(long Step, long Generation, IReadOnlyList<string> Members, IReadOnlyList<IReadOnlyList<int>> Assignment) : IStepRecord;
