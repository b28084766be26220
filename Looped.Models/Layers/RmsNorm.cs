using Looped.Models.Native;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Looped.Models.Layers;

/// <summary>x / √(mean x² + ε) · w over the last dimension (Zhang and Sennrich, "Root Mean Square Layer Normalization").</summary>
internal sealed class RmsNorm : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly double? _epsilon;

    /// <summary>A norm over <paramref name="width"/> features.</summary>
    /// <param name="width">Features.</param>
    /// <param name="epsilon">ε; null for the machine epsilon of what comes in, which a framework takes that is told none.</param>
    public RmsNorm(int width, double? epsilon = null) : base(nameof(RmsNorm))
    {
        _epsilon = epsilon;
        weight = Parameters.Unset(width);
        RegisterComponents();
    }

    /// <summary>(…, width) → the same shape. Statistics are at least float32.</summary>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        Tensor x = input.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? input.to(ScalarType.Float32) : input;
        double epsilon = _epsilon ?? MachineEpsilon(input.dtype);
        Tensor normed = x.mul(x.Squared().mean([-1], keepdim: true).Plus(epsilon).rsqrt());
        return normed.to(input.dtype).mul(weight).MoveToOuterDisposeScope();
    }

    private static double MachineEpsilon(ScalarType type) => type switch
    {
        ScalarType.Float64 => Math.BitIncrement(1.0) - 1,
        ScalarType.Float16 => 1.0 / (1 << 10),
        ScalarType.BFloat16 => 1.0 / (1 << 7),
        _ => 1.0 / (1 << 23),
    };
}
