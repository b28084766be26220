using Looped.Models.Recipes;
using static TorchSharp.torch;

namespace Looped.Models.Optimization;

/// <summary>One flat buffer of an optimizer's state.</summary>
/// <param name="Prefix">What its tensors' names begin with in a checkpoint, before the parameter's: `exp_avg.`.</param>
/// <param name="Layout">Which parameters have a part in it, where and in which shape.</param>
/// <param name="Values">The numbers, in the parameters' element type; the optimizer owns them.</param>
internal sealed record OptimizerBuffer(string Prefix, ParameterLayout Layout, Tensor Values);

/// <summary>
/// Turns reduced gradients into updates. A tensor that no micro-batch touched is left alone, decay and momentum included, and each has a
/// step count of its own.
/// </summary>
internal interface IOptimizer : IDisposable
{
    /// <summary>Everything it remembers besides <see cref="Counts"/>; a checkpoint and a worker that joins get all of it.</summary>
    IReadOnlyList<OptimizerBuffer> Buffers { get; }

    /// <summary>Updates each tensor has had.</summary>
    long[] Counts { get; }

    /// <summary>Applies one update to every touched tensor.</summary>
    /// <param name="values">Flat parameters.</param>
    /// <param name="sums">Flat reduced gradient sums.</param>
    /// <param name="factor">Turns sums into (clipped) mean gradients.</param>
    /// <param name="learningRate">The step's rate.</param>
    /// <param name="touched">Says which tensors received a gradient.</param>
    void Update(Tensor values, Tensor sums, double factor, double learningRate, Func<int, bool> touched);
}

/// <summary>What the optimizers share.</summary>
internal static class Optimizers
{
    /// <summary>The optimizer of a recipe, with empty state.</summary>
    public static IOptimizer Create(OptimizerRecipe recipe, FlatParameters parameters, IStepKernels kernels) => recipe.Name switch
    {
        OptimizerName.Sgd => new Sgd(recipe, parameters, kernels),
        OptimizerName.Adafactor => new Adafactor(recipe, parameters),
        _ => new AdamW(recipe, parameters, kernels),
    };

    /// <summary>A buffer of zeros with a number for each parameter.</summary>
    public static OptimizerBuffer Like(FlatParameters parameters, string prefix) =>
        new(prefix, parameters.Layout, zeros_like(parameters.Values).DetachFromDisposeScope());

    /// <summary>
    /// The touched tensors in runs of neighbours that share decay and count, each a single pass: on a GPU a pass costs its launches, not
    /// its elements. Counts the update.
    /// </summary>
    public static IEnumerable<ParameterRun> Runs(IReadOnlyList<ParameterSlot> slots, long[] counts, Func<int, bool> touched)
    {
        for (int from = 0, to; from < slots.Count; from = to)
        {
            to = from + 1;
            if (!touched(from)) continue;
            while (to < slots.Count && touched(to) && slots[to].Decays == slots[from].Decays && counts[to] == counts[from]) to++;
            long count = counts[from] + 1, start = slots[from].Offset;
            for (int slot = from; slot < to; slot++) counts[slot] = count;
            yield return new ParameterRun(start, slots[to - 1].Offset + slots[to - 1].Length - start, slots[from].Decays, count);
        }
    }
}

/// <summary>Neighbouring parameters in a flat buffer.</summary>
/// <param name="Start">The first element.</param>
/// <param name="Length">Elements, padding between the parameters included.</param>
/// <param name="Decays">Whether weight decay applies.</param>
/// <param name="Count">How many updates each has had, this one included.</param>
internal readonly record struct ParameterRun(long Start, long Length, bool Decays, long Count)
{
    /// <summary>Their part of a buffer, a view owned by the caller.</summary>
    public Tensor Of(Tensor buffer) => buffer.narrow(0, Start, Length);
}
