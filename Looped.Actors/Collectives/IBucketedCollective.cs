using static TorchSharp.torch;

namespace Looped.Actors.Collectives;

/// <summary>
/// A collective that reduces slices while its caller goes on computing. Slices are reduced in the order of the calls, which must be
/// the same on every rank; any other collective call waits for them first.
/// </summary>
public interface IBucketedCollective : ICollective
{
    /// <summary>Hands over a slice and returns at once. Both tensors must live and the slice stay unchanged until <see cref="WaitAll"/> has returned or thrown.</summary>
    /// <param name="input">This rank's values; contiguous; left as it is.</param>
    /// <param name="output">Receives the combined values; same type and length, other memory.</param>
    /// <param name="offset">First element of the slice.</param>
    /// <param name="count">Elements of the slice.</param>
    /// <param name="operation">How to combine.</param>
    void Enqueue(Tensor input, Tensor output, long offset, long count, ReduceOperation operation);

    /// <summary>Returns when every slice handed over is reduced; throws <see cref="CollectiveBrokenException"/> when they cannot be any more.</summary>
    void WaitAll();
}
