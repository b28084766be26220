using System.Runtime.InteropServices;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Randomness;

/// <summary>Tensors drawn from a <see cref="RandomStream"/>.</summary>
public static class RandomTensors
{
    /// <summary>A dropout mask: 0 with probability <paramref name="rate"/>, else 1 / (1 − rate).</summary>
    /// <param name="stream">Names the draw; the same stream and shape give the same mask.</param>
    /// <param name="like">Gives shape, element type and device.</param>
    /// <param name="rate">Between 0 and 1.</param>
    public static Tensor DropoutMask(this RandomStream stream, Tensor like, double rate)
    {
        ArgumentNullException.ThrowIfNull(like);
        using Tensor uniform = Uniform(stream, like.shape);
        using Tensor kept = uniform.ge(Number(rate));
        using Tensor mask = kept.to(like.dtype);
        Tensor scaled = mask.mul(Number(1 / (1 - rate)));
        if (like.device_type == TorchSharp.DeviceType.CPU) return scaled;
        using (scaled) return scaled.to(like.device);
    }

    /// <summary>Uniform numbers in [0, 1), float32 on the CPU.</summary>
    /// <param name="stream">Names the draw.</param>
    /// <param name="shape">The shape of the result.</param>
    public static Tensor Uniform(this RandomStream stream, params long[] shape)
    {
        Tensor tensor = empty(shape, dtype: ScalarType.Float32);
        stream.FillUniform(MemoryMarshal.Cast<byte, float>(tensor.bytes));
        return tensor;
    }

    /// <summary>Overwrites a parameter with normal numbers of mean 0; the same numbers, rounded once, for every element type and device.</summary>
    public static void FillNormal_(this RandomStream stream, Tensor parameter, double standardDeviation)
    {
        ArgumentNullException.ThrowIfNull(parameter);
        using var scope = NewDisposeScope();
        Tensor host = empty(parameter.shape, dtype: ScalarType.Float32);
        stream.FillNormal(MemoryMarshal.Cast<byte, float>(host.bytes), standardDeviation);
        using (no_grad()) parameter.copy_(host);
    }
}
