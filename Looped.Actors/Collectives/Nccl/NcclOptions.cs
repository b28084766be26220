using static TorchSharp.torch;

namespace Looped.Actors.Collectives.Nccl;

/// <summary>Where a tensor's first element lies in the memory of the device; null for a tensor in host memory.</summary>
internal delegate nint? DeviceAddress(Tensor tensor);

/// <summary>What an <see cref="NcclCollective"/> is told.</summary>
public sealed record NcclOptions
{
    /// <summary>The GPU of this rank, as CUDA numbers them in this process.</summary>
    public int Device { get; init; }

    /// <summary>How long the ranks may take to find each other. NCCL alone would wait for a dead peer for about a minute.</summary>
    public TimeSpan InitialiseWithin { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a collective may take once every rank has its values ready; NCCL alone would wait for ever. The first one also connects.</summary>
    public TimeSpan CompleteWithin { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long an abort may take before the process is given up.</summary>
    public TimeSpan AbortWithin { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Ends the process, with the reason. Called when an abort hangs: nothing in the process can free the device then, and the parameters are
    /// safe on the peers, so a new process joins sooner than this one would recover.
    /// </summary>
    public Action<string> ExitProcess { get; init; } = Environment.FailFast;

    /// <summary>Tells device memory from host memory.</summary>
    internal DeviceAddress AddressOf { get; init; } = DeviceMemory.AddressOf;
}
