using static TorchSharp.torch;

namespace Looped.Actors.Collectives;

/// <summary>A world of one: nothing to exchange.</summary>
public sealed class SoloCollective : ICollective
{
    private volatile bool _aborted;

    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int WorldSize => 1;

    /// <inheritdoc/>
    public void AllReduce(Tensor input, Tensor output, ReduceOperation operation)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(output);
        ThrowIfAborted();
        if (!ReferenceEquals(input, output))
            using (no_grad()) output.copy_(input);
    }

    /// <inheritdoc/>
    public void Broadcast(Tensor buffer, int root) => ThrowIfAborted();

    /// <inheritdoc/>
    public void Barrier() => ThrowIfAborted();

    /// <inheritdoc/>
    public void Abort() => _aborted = true;

    /// <inheritdoc/>
    public void Dispose() => Abort();

    private void ThrowIfAborted()
    {
        if (_aborted) throw new OperationCanceledException("The communicator was aborted.");
    }
}
