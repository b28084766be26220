using Looped.Models.Native;
using Looped.Models.Recipes;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Optimization;

/// <summary>
/// Adafactor (Shazeer and Stern, "Adafactor: Adaptive Learning Rates with Sublinear Memory Cost", 2018, algorithms 4 and 5): of a matrix's
/// squared gradients only the means of rows and columns are kept. Without momentum, updates clipped at a root mean square of 1, steps
/// relative to the size of a tensor, as the reference uses it; there the recipe's rate and schedule play no part either
/// (<see cref="OptimizerRecipe.RelativeStep"/>).
/// </summary>
internal sealed class Adafactor : IOptimizer
{
    private const double Tiny = 1e-30, SmallestScale = 1e-3, LargestStep = 1e-2, DecayRate = -0.8, ClipThreshold = 1;

    private readonly OptimizerRecipe _recipe;
    private readonly ParameterLayout _layout;
    private readonly Dictionary<string, ParameterSlot> _rows, _columns, _vectors;

    public Adafactor(OptimizerRecipe recipe, FlatParameters parameters)
    {
        (_recipe, _layout) = (recipe, parameters.Layout);
        OptimizerBuffer Part(string prefix, Func<ParameterSlot, bool> has, Func<ParameterSlot, IReadOnlyList<long>> shape)
        {
            ParameterLayout layout = ParameterLayout.Create(_layout.Slots.Where(has).Select(s => (s.Name, shape(s), s.Decays)));
            return new(prefix, layout, zeros(Math.Max(layout.Length, 1), dtype: parameters.Values.dtype, device: parameters.Values.device).DetachFromDisposeScope());
        }

        Buffers =
        [
            Part("exp_avg_sq_row.", IsFactored, s => [.. s.Shape.SkipLast(1)]),
            Part("exp_avg_sq_col.", IsFactored, s => [.. s.Shape.SkipLast(2), s.Shape[^1]]),
            Part("exp_avg_sq.", s => !IsFactored(s), s => s.Shape),
        ];
        (_rows, _columns, _vectors) = (ByName(Buffers[0]), ByName(Buffers[1]), ByName(Buffers[2]));
        Counts = new long[_layout.Slots.Count];
    }

    /// <summary>Running means of squared gradients: of a matrix's rows and columns, of each element of anything else.</summary>
    public IReadOnlyList<OptimizerBuffer> Buffers { get; }

    public long[] Counts { get; }

    public void Update(Tensor values, Tensor sums, double factor, double learningRate, Func<int, bool> touched)
    {
        using IDisposable quiet = no_grad();
        foreach (ParameterSlot slot in _layout.Slots.Where(s => touched(s.Index)))
        {
            using var scope = NewDisposeScope();
            Tensor value = FlatParameters.Slice(values, slot).view([.. slot.Shape]);
            Tensor gradient = (FlatParameters.Slice(sums, slot).to(ScalarType.Float64).Times(factor)).to(values.dtype).view(value.shape);
            Update(slot, value, gradient, learningRate, ++Counts[slot.Index]);
        }
    }

    private void Update(ParameterSlot slot, Tensor value, Tensor gradient, double learningRate, long count)
    {
        double relative = _recipe.RelativeStep ? Math.Min(LargestStep, 1 / Math.Sqrt(count)) : learningRate;
        double rate = Math.Max(SmallestScale, RootMeanSquare(value)) * relative;
        double keep = 1 - Math.Pow(count, DecayRate);
        Tensor squares = (gradient * gradient).Plus(Tiny);
        Tensor update = gradient * (IsFactored(slot) ? Factored(slot, squares, keep) : Blend(_vectors, Buffers[2], slot, squares, keep).rsqrt());
        update.mul_(Number(rate / Math.Max(1, RootMeanSquare(update) / ClipThreshold)));
        if (slot.Decays && _recipe.WeightDecay > 0) value.mul_(Number(1 - _recipe.WeightDecay * rate));
        value.sub_(update);
    }

    /// <summary>1 / √ of the squared gradients as rows and columns tell them: row · column / mean(row).</summary>
    private Tensor Factored(ParameterSlot slot, Tensor squares, double keep)
    {
        Tensor rows = Blend(_rows, Buffers[0], slot, squares.mean([-1]), keep), columns = Blend(_columns, Buffers[1], slot, squares.mean([-2]), keep);
        return (rows / rows.mean([-1], keepdim: true)).rsqrt().unsqueeze(-1) * columns.unsqueeze(-2).rsqrt();
    }

    private static Tensor Blend(Dictionary<string, ParameterSlot> slots, OptimizerBuffer buffer, ParameterSlot of, Tensor newest, double keep)
    {
        ParameterSlot slot = slots[of.Name];
        Tensor mean = FlatParameters.Slice(buffer.Values, slot).view([.. slot.Shape]);
        return mean.mul_(Number(keep)).add_(newest, alpha: Number(1 - keep));
    }

    private static double RootMeanSquare(Tensor tensor) => tensor.norm().to(ScalarType.Float64).item<double>() / Math.Sqrt(tensor.numel());

    private static bool IsFactored(ParameterSlot slot) => slot.Shape.Count >= 2;

    private static Dictionary<string, ParameterSlot> ByName(OptimizerBuffer buffer) => buffer.Layout.Slots.ToDictionary(s => s.Name);

    public void Dispose()
    {
        foreach (OptimizerBuffer buffer in Buffers) buffer.Values.Dispose();
    }
}
