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
        IReadOnlyList<ParameterSlot> slots = _layout.Slots;
        for (int from = 0, to; from < slots.Count; from = to)
        {
            to = from + 1;
            if (!touched(from)) continue;
            // Neighbours that share every scalar are one pass: on a GPU a pass costs its launches, not its elements.
            while (to < slots.Count && touched(to) && slots[to].Decays == slots[from].Decays && Counts[to] == Counts[from]) to++;
            long count = Counts[from] + 1, start = slots[from].Offset, length = slots[to - 1].Offset + slots[to - 1].Length - start;
            for (int slot = from; slot < to; slot++) Counts[slot] = count;
            var scalars = new AdamWScalars(factor, learningRate, _recipe.Betas[0], _recipe.Betas[1], _recipe.Epsilon,
                slots[from].Decays ? _recipe.WeightDecay : 0, count);
            using Tensor value = values.narrow(0, start, length), sum = sums.narrow(0, start, length);
            using Tensor first = Moment1.narrow(0, start, length), second = Moment2.narrow(0, start, length);
            _kernels.AdamW(value, sum, first, second, scalars);
        }
    }

    public void Dispose()
    {
        Moment1.Dispose();
        Moment2.Dispose();
    }
}
