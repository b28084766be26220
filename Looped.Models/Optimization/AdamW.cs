using Looped.Models.Recipes;
using static TorchSharp.torch;

namespace Looped.Models.Optimization;

/// <summary>
/// AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2) over flat buffers, with a step count
/// of its own for each tensor: a tensor that no micro-batch touched is left alone, decay and momentum included.
/// </summary>
internal sealed class AdamW : IDisposable
{
    private readonly OptimizerRecipe _recipe;
    private readonly ParameterLayout _layout;
    private readonly IStepKernels _kernels;

    public AdamW(OptimizerRecipe recipe, FlatParameters parameters, IStepKernels kernels)
    {
        _recipe = recipe;
        _layout = parameters.Layout;
        _kernels = kernels;
        Moment1 = zeros_like(parameters.Values).DetachFromDisposeScope();
        Moment2 = zeros_like(parameters.Values).DetachFromDisposeScope();
        Counts = new long[_layout.Slots.Count];
    }

    /// <summary>Running mean of gradients, flat.</summary>
    public Tensor Moment1 { get; }

    /// <summary>Running mean of squared gradients, flat.</summary>
    public Tensor Moment2 { get; }

    /// <summary>Updates each tensor has had.</summary>
    public long[] Counts { get; }

    /// <summary>Applies one update to every touched tensor.</summary>
    /// <param name="values">Flat parameters.</param>
    /// <param name="sums">Flat reduced gradient sums.</param>
    /// <param name="factor">Turns sums into (clipped) mean gradients.</param>
    /// <param name="learningRate">The step's rate.</param>
    /// <param name="touched">Says which tensors received a gradient.</param>
    public void Update(Tensor values, Tensor sums, double factor, double learningRate, Func<int, bool> touched)
    {
        foreach (ParameterSlot slot in _layout.Slots)
        {
            if (!touched(slot.Index)) continue;
            var scalars = new AdamWScalars(factor, learningRate, _recipe.Betas[0], _recipe.Betas[1], _recipe.Epsilon,
                slot.Decays ? _recipe.WeightDecay : 0, ++Counts[slot.Index]);
            using Tensor value = FlatParameters.Slice(values, slot), sum = FlatParameters.Slice(sums, slot);
            using Tensor first = FlatParameters.Slice(Moment1, slot), second = FlatParameters.Slice(Moment2, slot);
            _kernels.AdamW(value, sum, first, second, scalars);
        }
    }

    public void Dispose()
    {
        Moment1.Dispose();
        Moment2.Dispose();
    }
}
