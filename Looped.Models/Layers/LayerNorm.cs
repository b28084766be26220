using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Looped.Models.Layers;

/// <summary>Layer normalisation over the last dimension, with a weight and an optional bias.</summary>
internal sealed class LayerNorm : nn.Module<Tensor, Tensor>
{
    private const double Epsilon = 1e-5;

    private readonly long[] _shape;
    private readonly Parameter weight;
    private readonly Parameter? bias;

    /// <summary>A norm over <paramref name="width"/> features.</summary>
    public LayerNorm(int width, bool hasBias) : base(nameof(LayerNorm))
    {
        _shape = [width];
        weight = Parameters.Unset(width);
        if (hasBias) bias = Parameters.Unset(width);
        RegisterComponents();
    }

    /// <summary>(…, width) → the same shape.</summary>
    public override Tensor forward(Tensor input) => nn.functional.layer_norm(input, _shape, weight, bias, Epsilon);
}
