using CsCheck;
using Looped.Models.Optimization;
using Looped.Models.Randomness;
using Looped.Models.Recipes;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Optimization;

public class StepKernelsTests
{
    private static Tensor Normal(string name, long length, double deviation = 1)
    {
        Tensor t = empty(length);
        RandomStream.Create(11, name).FillNormal_(t, deviation);
        return t;
    }

    [Fact]
    public void Vector_and_tensor_kernels_give_the_same_exact_sums() =>
        Gen.Int[1, 300].Sample(length =>
        {
            using var scope = NewDisposeScope();
            var vector = new VectorKernels(Reduction.Exact64, 1);
            var tensors = new TensorKernels(Reduction.Exact64, ScalarType.Float32);
            Tensor a = zeros(length, dtype: ScalarType.Int64), b = zeros(length, dtype: ScalarType.Int64);
            for (int i = 0; i < 3; i++)
            {
                Tensor gradient = Normal($"{length}/{i}", length, 0.5);
                double scale = FixedPoint.Scale(40) * (0.3 + 0.2 * i);
                Assert.True(vector.Accumulate(gradient, a, scale));
                Assert.True(tensors.Accumulate(gradient, b, scale));
            }
            Assert.True(a.equal(b).all().item<bool>());
            double norm = vector.SquaredNorm(a, 1 / FixedPoint.Scale(40)), reference = tensors.SquaredNorm(b, 1 / FixedPoint.Scale(40));
            // Both add `length` doubles; they differ only in order.
            Assert.InRange(norm, reference * (1 - 1e-13 * length), reference * (1 + 1e-13 * length));
        }, iter: 30);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    public void Threads_change_no_bit(int threads)
    {
        using var scope = NewDisposeScope();
        const int Length = 300_001;
        var one = new VectorKernels(Reduction.Exact64, 1);
        var many = new VectorKernels(Reduction.Exact64, threads);
        Tensor sums = zeros(Length, dtype: ScalarType.Int64);
        one.Accumulate(Normal("g", Length), sums, FixedPoint.Scale(40));
        Assert.Equal(one.SquaredNorm(sums, 1e-12), many.SquaredNorm(sums, 1e-12));

        var scalars = new AdamWScalars(1e-12, 1e-3, 0.9, 0.95, 1e-8, 0.1, 3);
        Tensor[] a = [Normal("p", Length), Normal("m", Length), Normal("v", Length).square()], b = [.. a.Select(t => t.clone())];
        one.AdamW(a[0], sums, a[1], a[2], scalars);
        many.AdamW(b[0], sums, b[1], b[2], scalars);
        for (int i = 0; i < 3; i++) Assert.True(a[i].equal(b[i]).all().item<bool>());
    }

    [Fact]
    public void AdamW_follows_double_precision_within_the_rounding_of_single()
    {
        using var scope = NewDisposeScope();
        const int Length = 1003;
        var vector = new VectorKernels(Reduction.Exact64, 1);
        var reference = new TensorKernels(Reduction.Exact64, ScalarType.Float64);
        Tensor p = Normal("p", Length), m = zeros(Length), v = zeros(Length);
        Tensor p64 = p.to(ScalarType.Float64), m64 = m.to(ScalarType.Float64), v64 = v.to(ScalarType.Float64);
        for (int step = 1; step <= 20; step++)
        {
            Tensor sums = zeros(Length, dtype: ScalarType.Int64);
            vector.Accumulate(Normal($"g{step}", Length, 0.1), sums, FixedPoint.Scale(40));
            var scalars = new AdamWScalars(1 / FixedPoint.Scale(40), 1e-2, 0.9, 0.95, 1e-8, 0.1, step);
            vector.AdamW(p, sums, m, v, scalars);
            reference.AdamW(p64, sums, m64, v64, scalars);
        }
        // Each step rounds p (|p| < 4) a few times to 2^-24 relative, and the update (0.01 · m/√v ≤ ~0.03) a few times more.
        double error = (p.to(ScalarType.Float64) - p64).abs().max().item<double>();
        Assert.InRange(error, 0, 20 * (4 * 2.0 + 0.03 * 8) * Math.Pow(2, -24));
    }
}
