using static TorchSharp.torch;

namespace Looped.Models.Families.Stars;

/// <summary>Layer normalisation without parameters.</summary>
internal sealed class SimpleNorm(int width) : nn.Module<Tensor, Tensor>(nameof(SimpleNorm))
{
    private const double Epsilon = 1e-5;

    /// <summary>(…, width) → the same shape.</summary>
    public override Tensor forward(Tensor input) => nn.functional.layer_norm(input, [width], null, null, Epsilon);
}
