using Looped.Models.Native;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Optimization;

/// <summary>The same passes as LibTorch operations, for any element type and device: float64 runs and GPUs.</summary>
internal sealed class TensorKernels(Recipes.Reduction reduction, ScalarType modelType) : IStepKernels
{
    private readonly bool _exact = reduction == Recipes.Reduction.Exact64;

    public ScalarType SumType => _exact ? ScalarType.Int64 : modelType;

    public bool Accumulate(Tensor gradient, Tensor sums, double scale)
    {
        using var scope = NewDisposeScope();
        Tensor scaled = gradient.detach().view(-1).to(ScalarType.Float64).Times(scale);
        if (!_exact)
        {
            sums.Plus_(scaled.to(modelType));
            return scaled.isfinite().all().item<bool>();
        }
        Tensor acceptable = scaled.abs().lt(Number(FixedPoint.Limit));
        sums.Plus_(scaled.where(acceptable, zeros_like(scaled)).round_().to(ScalarType.Int64));
        return acceptable.all().item<bool>();
    }

    public double SquaredNorm(Tensor sums, double factor)
    {
        using var scope = NewDisposeScope();
        Tensor gradient = Gradient(sums, factor).to(ScalarType.Float64);
        return gradient.dot(gradient).item<double>();
    }

    public void AdamW(Tensor parameter, Tensor sums, Tensor moment1, Tensor moment2, in AdamWScalars s)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Tensor gradient = Gradient(sums, s.Factor);
        parameter.mul_(Number(1 - s.LearningRate * s.WeightDecay));
        moment1.lerp_(gradient, 1 - s.Beta1);
        moment2.mul_(Number(s.Beta2)).addcmul_(gradient, gradient, Number(1 - s.Beta2));
        Tensor denominator = moment2.sqrt().div_(Number(s.RootCorrection)).add_(Number(s.Epsilon), One);
        parameter.addcdiv_(moment1, denominator, Number(-s.StepSize));
    }

    public void Sgd(Tensor parameter, Tensor sums, Tensor velocity, in SgdScalars s)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        velocity.mul_(Number(s.Momentum)).Plus_(Gradient(sums, s.Factor).Plus(parameter.Times(s.WeightDecay)));
        parameter.add_(velocity, alpha: Number(-s.LearningRate));
    }

    private Tensor Gradient(Tensor sums, double factor) => sums.to(ScalarType.Float64).Times(factor).to(modelType);
}
