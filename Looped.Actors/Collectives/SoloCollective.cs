using static TorchSharp.torch;

namespace Looped.Actors.Collectives;

/// <summary>A world of one: nothing to exchange.</summary>
public sealed class SoloCollective : ICollective
{
    private readonly CancellationTokenSource _broken = new();

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
    public CancellationToken Broken => _broken.Token;

    /// <inheritdoc/>
    public IReadOnlyList<int> Lost => [];

    /// <inheritdoc/>
    public void Beat(long microBatches, bool computing)
    {
        // Nobody listens.
    }

    /// <inheritdoc/>
    public void Abort() => _broken.Cancel();

    /// <inheritdoc/>
    public void Dispose() => _broken.Dispose();

    private void ThrowIfAborted()
    {
        if (_broken.IsCancellationRequested) throw new CollectiveBrokenException("The communicator was aborted.");
    }
}
