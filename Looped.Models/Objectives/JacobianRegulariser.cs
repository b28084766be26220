using Looped.Models.Native;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Objectives;

/// <summary>What the regulariser found.</summary>
/// <param name="Value">‖vᵀJ‖², a scalar; its gradient reaches the weights of the loop and nothing else.</param>
/// <param name="Product">vᵀJ of the last iteration, in the shape of the state.</param>
internal readonly record struct JacobianPenalty(Tensor Value, Tensor Product);

/// <summary>
/// A penalty on the Jacobian J of one loop at the state where the loops ended (STARS, section 4), by differentiating twice. With one
/// iteration it estimates ‖J‖²_F over the number of features; with more, v is carried through Jᵀ again and again and the value tends to
/// the squared spectral radius. The iterates are not cut off from the graph, so the gradient runs through all of them.
/// </summary>
internal static class JacobianRegulariser
{
    private const double Least = 1e-12;

    /// <summary>Measures the penalty.</summary>
    /// <param name="loop">One loop. It must have second derivatives (<see cref="Layers.PlainAttention"/>), and is run once for each iteration.</param>
    /// <param name="end">The state after the last loop; taken as a constant.</param>
    /// <param name="probe">Normal numbers in its shape; scaled to norm 1 here, over the whole micro-batch.</param>
    /// <param name="iterations">k, from 1.</param>
    public static JacobianPenalty Measure(Func<Tensor, Tensor> loop, Tensor end, Tensor probe, int iterations)
    {
        using var scope = NewDisposeScope();
        Tensor x = end.detach().clone().requires_grad_(true);
        Tensor product = probe;
        for (int i = 0; i < iterations; i++)
            product = autograd.grad([loop(x)], [x], [Unit(product)], retain_graph: true, create_graph: true)[0];
        return new(product.Squared().sum().MoveToOuterDisposeScope(), product.MoveToOuterDisposeScope());
    }

    private static Tensor Unit(Tensor v) => v / v.Squared().sum().sqrt().Plus(Least);
}
