using static TorchSharp.torch;

namespace Looped.Actors.Collectives;

/// <summary>A world of one: nothing to exchange.</summary>
public sealed class SoloCollective : IBucketedCollective
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
    public void Enqueue(Tensor input, Tensor output, long offset, long count, ReduceOperation operation)
    {
        ArgumentNullException.ThrowIfNull(input);
        ArgumentNullException.ThrowIfNull(output);
        ThrowIfAborted();
        if (ReferenceEquals(input, output)) return;
        using var scope = NewDisposeScope();
        using (no_grad()) output.view(-1).narrow(0, offset, count).copy_(input.view(-1).narrow(0, offset, count));
    }

    /// <inheritdoc/>
    public void WaitAll() => ThrowIfAborted();

    /// <inheritdoc/>
    public CancellationToken Broken => _broken.Token;

    /// <inheritdoc/>
    public IReadOnlyList<int> Lost => [];

    /// <inheritdoc/>
    public void Beat(long microBatches, RankPulse pulse)
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
