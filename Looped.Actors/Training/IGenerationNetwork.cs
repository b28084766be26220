using Looped.Actors.Collectives;
using Looped.Actors.Supervision;

namespace Looped.Actors.Training;

/// <summary>Connects the members of a plan. Lives as long as the worker's process.</summary>
public interface IGenerationNetwork
{
    /// <summary>HOST:PORT where other workers reach this one; empty if none can.</summary>
    string Endpoint { get; }

    /// <summary>Connects with the other members; returns when all are connected.</summary>
    /// <exception cref="CollectiveBrokenException">Some could not be reached in time; it says which.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    ICollective Join(GenerationPlan plan, int rank, TimeSpan deadline, CancellationToken cancellation);
}

/// <summary>For a process that trains alone.</summary>
public sealed class SoloNetwork : IGenerationNetwork
{
    /// <inheritdoc/>
    public string Endpoint => "";

    /// <inheritdoc/>
    public ICollective Join(GenerationPlan plan, int rank, TimeSpan deadline, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Generation.WorldSize != 1) throw new InvalidOperationException("A worker without a network was planned with others.");
        return new SoloCollective();
    }
}
