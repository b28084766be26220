using TorchSharp;
using static TorchSharp.torch;

namespace Looped.Actors.Collectives;

/// <summary>
/// Carries tensors of device memory over a collective between hosts, through copies in host memory. Slower than NCCL and exact for every
/// type; for ranks that share a GPU, which NCCL refuses.
/// </summary>
/// <param name="inner">A collective of the same ranks; disposed with this one.</param>
/// <param name="isStaged">Which tensors are copied; those outside host memory if null.</param>
public sealed class StagedCollective(ICollective inner, Func<Tensor, bool>? isStaged = null) : ICollective
{
    private readonly Func<Tensor, bool> _isStaged = isStaged ?? (tensor => tensor.device_type != DeviceType.CPU);

    /// <inheritdoc/>
    public int Rank => inner.Rank;

    /// <inheritdoc/>
    public int WorldSize => inner.WorldSize;

    /// <inheritdoc/>
    public CancellationToken Broken => inner.Broken;

    /// <inheritdoc/>
    public IReadOnlyList<int> Lost => inner.Lost;

    /// <inheritdoc/>
    public void AllReduce(Tensor input, Tensor output, ReduceOperation operation)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(output);
        if (!_isStaged(input))
        {
            inner.AllReduce(input, output, operation);
            return;
        }
        using Tensor mine = input.to(CPU, copy: true), all = empty_like(mine);
        inner.AllReduce(mine, all, operation);
        Write(output, all);
    }

    /// <inheritdoc/>
    public void Broadcast(Tensor buffer, int root)
    {
        ArgumentNullException.ThrowIfNull(buffer);
        if (!_isStaged(buffer))
        {
            inner.Broadcast(buffer, root);
            return;
        }
        using Tensor host = buffer.to(CPU, copy: true);
        inner.Broadcast(host, root);
        if (Rank != root) Write(buffer, host);
    }

    /// <inheritdoc/>
    public void Barrier() => inner.Barrier();

    /// <inheritdoc/>
    public void Beat(long microBatches, RankPulse pulse) => inner.Beat(microBatches, pulse);

    /// <inheritdoc/>
    public void Abort() => inner.Abort();

    /// <inheritdoc/>
    public void Dispose() => inner.Dispose();

    private static void Write(Tensor device, Tensor host)
    {
        using (no_grad()) device.copy_(host);
    }
}
