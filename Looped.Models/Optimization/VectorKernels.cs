using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Looped.Models.Optimization;

/// <summary>
/// The passes for float32 on the CPU: one read of each buffer, explicit vectors, no fused multiply-add, blocks of fixed size whose
/// partial results are combined in order. The number of threads changes who computes a block, never its value.
/// </summary>
internal sealed unsafe class VectorKernels(Recipes.Reduction reduction, int threads) : IStepKernels
{
    private const int Block = 4096;

    private readonly bool _exact = reduction == Recipes.Reduction.Exact64;

    public ScalarType SumType => _exact ? ScalarType.Int64 : ScalarType.Float32;

    public bool Accumulate(Tensor gradient, Tensor sums, double scale)
    {
        long count = gradient.numel();
        float* from = HostMemory.Pointer<float>(gradient);
        if (_exact) return FixedPoint.Accumulate(from, HostMemory.Pointer<long>(sums), count, scale);
        return Add(from, HostMemory.Pointer<float>(sums), count, (float)scale);
    }

    private static bool Add(float* gradient, float* sums, long count, float weight)
    {
        bool finite = true;
        for (long i = 0; i < count; i++)
        {
            finite &= float.IsFinite(gradient[i]);
            sums[i] += gradient[i] * weight;
        }
        return finite;
    }

    public double SquaredNorm(Tensor sums, double factor)
    {
        long length = sums.numel();
        var partial = new double[(length + Block - 1) / Block];
        Reader reader = Read(sums);
        ForEachBlock(length, (start, count) =>
        {
            float* g = stackalloc float[Block];
            reader.Load(start, count, factor, g);
            Vector256<double> even = Vector256<double>.Zero, odd = Vector256<double>.Zero;
            int i = 0;
            for (; i + 8 <= count; i += 8)
            {
                (Vector256<double> lower, Vector256<double> upper) = Vector256.Widen(Vector256.Load(g + i));
                even += lower * lower;
                odd += upper * upper;
            }
            double sum = Vector256.Sum(even + odd);
            for (; i < count; i++) sum += (double)g[i] * g[i];
            partial[start / Block] = sum;
        });
        double total = 0;
        foreach (double p in partial) total += p;
        return total;
    }

    public void AdamW(Tensor parameter, Tensor sums, Tensor moment1, Tensor moment2, in AdamWScalars scalars)
    {
        float* p = HostMemory.Pointer<float>(parameter), m = HostMemory.Pointer<float>(moment1), v = HostMemory.Pointer<float>(moment2);
        Reader reader = Read(sums);
        AdamWScalars s = scalars;
        ForEachBlock(parameter.numel(), (start, count) => Update(p + start, m + start, v + start, start, count, reader, s));
    }

    // The operations and their order are those of torch.optim.AdamW (single tensor, not fused).
    private static void Update(float* p, float* m, float* v, long start, int count, Reader reader, in AdamWScalars s)
    {
        float* g = stackalloc float[Block];
        reader.Load(start, count, s.Factor, g);
        float keep = (float)(1 - s.LearningRate * s.WeightDecay), blend1 = (float)(1 - s.Beta1), beta2 = (float)s.Beta2;
        float blend2 = (float)(1 - s.Beta2), root = (float)s.RootCorrection, epsilon = (float)s.Epsilon, step = (float)-s.StepSize;
        int i = 0;
        for (; i + 8 <= count; i += 8)
        {
            Vector256<float> gradient = Vector256.Load(g + i), first = Vector256.Load(m + i), second = Vector256.Load(v + i);
            first += (gradient - first) * blend1;
            second = second * beta2 + gradient * gradient * blend2;
            first.Store(m + i);
            second.Store(v + i);
            Vector256<float> denominator = Vector256.Sqrt(second) / root + Vector256.Create(epsilon);
            (Vector256.Load(p + i) * keep + first / denominator * step).Store(p + i);
        }
        for (; i < count; i++)
        {
            m[i] += (g[i] - m[i]) * blend1;
            v[i] = v[i] * beta2 + g[i] * g[i] * blend2;
            p[i] = p[i] * keep + m[i] / (MathF.Sqrt(v[i]) / root + epsilon) * step;
        }
    }

    public void Sgd(Tensor parameter, Tensor sums, Tensor velocity, in SgdScalars scalars)
    {
        float* p = HostMemory.Pointer<float>(parameter), v = HostMemory.Pointer<float>(velocity);
        Reader reader = Read(sums);
        SgdScalars s = scalars;
        ForEachBlock(parameter.numel(), (start, count) => Update(p + start, v + start, start, count, reader, s));
    }

    // The operations and their order are those of torch.optim.SGD.
    private static void Update(float* p, float* v, long start, int count, Reader reader, in SgdScalars s)
    {
        float* g = stackalloc float[Block];
        reader.Load(start, count, s.Factor, g);
        float decay = (float)s.WeightDecay, momentum = (float)s.Momentum, rate = (float)-s.LearningRate;
        int i = 0;
        for (; i + 8 <= count; i += 8)
        {
            Vector256<float> value = Vector256.Load(p + i), velocity = Vector256.Load(v + i) * momentum + (Vector256.Load(g + i) + value * decay);
            velocity.Store(v + i);
            (value + velocity * rate).Store(p + i);
        }
        for (; i < count; i++)
        {
            v[i] = v[i] * momentum + (g[i] + p[i] * decay);
            p[i] += v[i] * rate;
        }
    }

    private void ForEachBlock(long length, Action<long, int> body)
    {
        long blocks = (length + Block - 1) / Block;
        // Below a few blocks per thread, handing out work costs more than it saves.
        if (threads == 1 || blocks < 8L * threads)
        {
            for (long b = 0; b < blocks; b++) body(b * Block, (int)Math.Min(Block, length - b * Block));
            return;
        }
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, t =>
        {
            for (long b = blocks * t / threads, end = blocks * (t + 1) / threads; b < end; b++)
                body(b * Block, (int)Math.Min(Block, length - b * Block));
        });
    }

    private Reader Read(Tensor sums) => _exact
        ? new Reader(HostMemory.Pointer<long>(sums), null)
        : new Reader(null, HostMemory.Pointer<float>(sums));

    /// <summary>Turns a block of sums, exact or not, into gradients.</summary>
    private readonly struct Reader(long* exact, float* plain)
    {
        public void Load(long start, int count, double factor, float* gradient)
        {
            if (exact is not null) FixedPoint.ToFloat(exact + start, gradient, count, factor);
            else for (int i = 0; i < count; i++) gradient[i] = (float)(plain[start + i] * factor);
        }
    }
}
