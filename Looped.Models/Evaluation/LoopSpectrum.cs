using Looped.Models.Native;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Evaluation;

/// <summary>The exact Jacobian of one loop in numbers, over all sequences of a batch.</summary>
/// <param name="SquaredFrobenius">‖J‖²_F.</param>
/// <param name="LargestSingularValue">σ₁.</param>
/// <param name="SpectralRadius">max |λ|: below 1, a small error shrinks from loop to loop.</param>
public sealed record LoopSpectrum(double SquaredFrobenius, double LargestSingularValue, double SpectralRadius)
{
    /// <summary>Measures it with T · d backward passes. Sequences do not see one another, so each has its own block of J.</summary>
    /// <param name="loop">One loop, (B, T, d) → (B, T, d), that mixes no sequences.</param>
    /// <param name="state">Where to measure, (B, T, d).</param>
    internal static LoopSpectrum Measure(Func<Tensor, Tensor> loop, Tensor state)
    {
        using var scope = NewDisposeScope();
        Tensor x = state.detach().clone().requires_grad_(true), y = loop(x);
        long sequences = x.shape[0], size = x.numel() / sequences;
        Tensor jacobian = empty([sequences, size, size], dtype: ScalarType.Float64);
        for (long row = 0; row < size; row++)
        {
            using var pass = NewDisposeScope();
            Tensor cotangent = zeros_like(y);
            cotangent.view(sequences, size).select(1, row).fill_(One);
            jacobian.select(1, row).copy_(autograd.grad([y], [x], [cotangent], retain_graph: true)[0].reshape(sequences, size));
        }
        return new(
            jacobian.Squared().sum().item<double>(),
            linalg.svdvals(jacobian).max().item<double>(),
            linalg.eigvals(jacobian).abs().max().item<double>());
    }
}
