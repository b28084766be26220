using System.Text.Json.Nodes;

namespace Looped.Models.Checkpoints;

/// <summary>
/// Everything that decides how training goes on, copied to host memory between two steps.
/// The training thread makes it; a checkpoint is this written down, an evaluation reads its parameters.
/// </summary>
/// <param name="Step">Steps committed: the next step to compute has this number.</param>
/// <param name="Parameters">The weights, in the order of the parameter layout.</param>
/// <param name="Optimizer">Moments and step counts: <c>exp_avg.NAME</c>, <c>exp_avg_sq.NAME</c>, <c>step.NAME</c>.</param>
/// <param name="State">Values that feed training and change only at commit (tokens seen, skipped steps, family state); small.</param>
public sealed record TrainingSnapshot(long Step, IReadOnlyList<NamedTensor> Parameters, IReadOnlyList<NamedTensor> Optimizer, JsonObject State)
{
    /// <summary>Bytes of its tensors.</summary>
    public long Bytes => Parameters.Concat(Optimizer).Sum(t => (long)t.Data.Length);

    /// <summary>What the last step measured, for people; not part of the state and of no hash. Finite numbers that do not depend on time.</summary>
    public JsonObject Metrics { get; init; } = [];
}
