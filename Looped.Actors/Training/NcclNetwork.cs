using Looped.Actors.Collectives;
using Looped.Actors.Collectives.Nccl;
using Looped.Actors.Supervision;

namespace Looped.Actors.Training;

/// <summary>Connects ranks on GPUs: a ring between the hosts carries the control vector and notices losses, NCCL the tensors.</summary>
/// <param name="ring">The ring.</param>
/// <param name="library">NCCL, loaded.</param>
/// <param name="options">Device and deadlines.</param>
public sealed class NcclNetwork(IGenerationNetwork ring, NcclLibrary library, NcclOptions options) : IGenerationNetwork
{
    /// <inheritdoc/>
    public string Endpoint => ring.Endpoint;

    /// <inheritdoc/>
    public ICollective Join(GenerationPlan plan, int rank, TimeSpan deadline, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ICollective inner = ring.Join(plan, rank, deadline, cancellation);
        if (plan.Generation.WorldSize == 1) return inner;
        try
        {
            return new NcclCollective(library, inner, options);
        }
        catch
        {
            inner.Dispose();
            throw;
        }
    }
}
