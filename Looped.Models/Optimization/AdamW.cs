using Looped.Models.Recipes;
using static TorchSharp.torch;

namespace Looped.Models.Optimization;

/// <summary>AdamW (Loshchilov and Hutter, "Decoupled Weight Decay Regularization", 2019, algorithm 2) over flat buffers.</summary>
internal sealed class AdamW : IOptimizer
{
    private readonly OptimizerRecipe _recipe;
    private readonly ParameterLayout _layout;
    private readonly IStepKernels _kernels;

    public AdamW(OptimizerRecipe recipe, FlatParameters parameters, IStepKernels kernels)
    {
        (_recipe, _layout, _kernels) = (recipe, parameters.Layout, kernels);
        Buffers = [Optimizers.Like(parameters, "exp_avg."), Optimizers.Like(parameters, "exp_avg_sq.")];
        Counts = new long[_layout.Slots.Count];
    }

    /// <summary>Running means of the gradients and of their squares.</summary>
    public IReadOnlyList<OptimizerBuffer> Buffers { get; }

    public long[] Counts { get; }

    public void Update(Tensor values, Tensor sums, double factor, double learningRate, Func<int, bool> touched)
    {
        foreach (ParameterRun run in Optimizers.Runs(_layout.Slots, Counts, touched))
        {
            var scalars = new AdamWScalars(factor, learningRate, _recipe.Betas[0], _recipe.Betas[1], _recipe.Epsilon,
                run.Decays ? _recipe.WeightDecay : 0, run.Count);
            using Tensor value = run.Of(values), sum = run.Of(sums), first = run.Of(Buffers[0].Values), second = run.Of(Buffers[1].Values);
            _kernels.AdamW(value, sum, first, second, scalars);
        }
    }

    public void Dispose()
    {
        foreach (OptimizerBuffer buffer in Buffers) buffer.Values.Dispose();
    }
}
