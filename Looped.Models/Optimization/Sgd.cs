using Looped.Models.Recipes;
using static TorchSharp.torch;

namespace Looped.Models.Optimization;

/// <summary>
/// Stochastic gradient descent with momentum as torch.optim.SGD has it: weight decay is added to the gradient, v ← μ v + g, p ← p − rate · v.
/// </summary>
internal sealed class Sgd : IOptimizer
{
    private readonly OptimizerRecipe _recipe;
    private readonly ParameterLayout _layout;
    private readonly IStepKernels _kernels;

    public Sgd(OptimizerRecipe recipe, FlatParameters parameters, IStepKernels kernels)
    {
        (_recipe, _layout, _kernels) = (recipe, parameters.Layout, kernels);
        Buffers = [Optimizers.Like(parameters, "momentum_buffer.")];
        Counts = new long[_layout.Slots.Count];
    }

    /// <summary>v.</summary>
    public IReadOnlyList<OptimizerBuffer> Buffers { get; }

    public long[] Counts { get; }

    public void Update(Tensor values, Tensor sums, double factor, double learningRate, Func<int, bool> touched)
    {
        foreach (ParameterRun run in Optimizers.Runs(_layout.Slots, Counts, touched))
        {
            using Tensor value = run.Of(values), sum = run.Of(sums), velocity = run.Of(Buffers[0].Values);
            _kernels.Sgd(value, sum, velocity, new SgdScalars(factor, learningRate, _recipe.Momentum, run.Decays ? _recipe.WeightDecay : 0));
        }
    }

    public void Dispose() => Buffers[0].Values.Dispose();
}
