using Looped.Actors.Collectives;
using Looped.Actors.Collectives.Nccl;
using Looped.Actors.Supervision;

namespace Looped.Actors.Training;

/// <summary>
/// Connects ranks on GPUs: a ring between the hosts carries the control vector and notices losses, NCCL the tensors. Where two ranks
/// share a GPU, which NCCL refuses, the ring carries the tensors too.
/// </summary>
/// <param name="ring">The ring.</param>
/// <param name="gpu">This rank's <see cref="GpuIdentity"/>.</param>
/// <param name="connect">Forms NCCL's communicator over a ring's.</param>
public sealed class NcclNetwork(IGenerationNetwork ring, long gpu, Func<ICollective, ICollective> connect) : IGenerationNetwork
{
    /// <summary>A network that uses a NCCL of this machine.</summary>
    /// <param name="ring">The ring.</param>
    /// <param name="library">NCCL, loaded.</param>
    /// <param name="options">Device and deadlines.</param>
    public NcclNetwork(IGenerationNetwork ring, NcclLibrary library, NcclOptions options)
        : this(ring, GpuIdentity.Of(options.Device), inner => new NcclCollective(library, inner, options)) { }

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
            bool shared = inner.AllGather([gpu]).Select(g => g[0]).Distinct().Count() < inner.WorldSize;
            return shared ? new StagedCollective(inner) : connect(inner);
        }
        catch
        {
            inner.Dispose();
            throw;
        }
    }
}
