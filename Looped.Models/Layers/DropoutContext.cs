using Looped.Models.Randomness;
using static TorchSharp.torch;

namespace Looped.Models.Layers;

/// <summary>
/// Dropout of one forward pass. Each application takes the next place of the micro-batch's stream, so its mask is a function of
/// (seed, step, micro-batch, place in the model) and of nothing that runs beside it.
/// </summary>
/// <param name="rate">The probability of a zero, in [0, 1).</param>
/// <param name="random">The micro-batch's stream; null in evaluation, where nothing is dropped.</param>
internal sealed class DropoutContext(double rate, RandomStream? random)
{
    private long _place;

    /// <summary>Whether anything is dropped.</summary>
    public bool Active => random is not null && rate > 0;

    /// <summary>Zeroes elements and scales up the others; the tensor itself where there is nothing to drop.</summary>
    public Tensor Apply(Tensor x)
    {
        if (random is not { } stream || rate == 0) return x;
        using Tensor mask = stream.For("dropout", _place++).DropoutMask(x, rate);
        return x.mul(mask);
    }
}
