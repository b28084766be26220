using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Looped.Models.Optimization;

/// <summary>
/// Fixed-point numbers: an int64 whose least bit is 2^−bits. Their sums do not depend on order or grouping, which is what makes
/// a run independent of the world size, of the assignment and of the all-reduce algorithm.
/// </summary>
public static unsafe class FixedPoint
{
    /// <summary>The largest acceptable |value · 2^bits| (exclusive): with at most 4096 = 2^12 micro-batches no partial sum can wrap.</summary>
    public const double Limit = 1L << 51;

    // Adding 1.5·2^52 to a double of magnitude below 2^51 leaves the value, rounded to the nearest even integer, in the low mantissa
    // bits: one addition instead of a float→int64 conversion, which AVX2 lacks.
    private const double Magic = 6755399441055744.0;

    /// <summary>2^bits.</summary>
    public static double Scale(int bits) => Math.ScaleB(1, bits);

    /// <summary>Converts one value.</summary>
    /// <returns>Whether it was acceptable; if not (NaN included), <paramref name="value"/> is 0.</returns>
    public static bool TryConvert(double real, double scale, out long value)
    {
        double scaled = real * scale;
        bool acceptable = Math.Abs(scaled) < Limit;
        value = acceptable ? (long)Math.Round(scaled, MidpointRounding.ToEven) : 0;
        return acceptable;
    }

    /// <summary>Adds <c>round(gradient · scale)</c> to an accumulator.</summary>
    /// <param name="gradient">Gradient elements of one tensor of one micro-batch.</param>
    /// <param name="accumulator">Sums so far.</param>
    /// <param name="count">Number of elements.</param>
    /// <param name="scale">Weight of the micro-batch times 2^bits.</param>
    /// <returns>Whether every element was acceptable. If not, the accumulator holds no meaningful sum and the step must not use it.</returns>
    internal static bool Accumulate(float* gradient, long* accumulator, long count, double scale)
    {
        Vector256<double> scales = Vector256.Create(scale), magic = Vector256.Create(Magic), limit = Vector256.Create(Limit);
        Vector256<long> magicBits = magic.AsInt64();
        Vector256<double> acceptable = Vector256<double>.AllBitsSet;
        long i = 0;
        for (; i + 8 <= count; i += 8)
        {
            (Vector256<double> lower, Vector256<double> upper) = Vector256.Widen(Vector256.Load(gradient + i));
            lower *= scales;
            upper *= scales;
            acceptable &= Vector256.LessThan(Vector256.Abs(lower), limit) & Vector256.LessThan(Vector256.Abs(upper), limit);
            (Vector256.Load(accumulator + i) + ((lower + magic).AsInt64() - magicBits)).Store(accumulator + i);
            (Vector256.Load(accumulator + i + 4) + ((upper + magic).AsInt64() - magicBits)).Store(accumulator + i + 4);
        }
        bool all = Vector256.EqualsAll(acceptable.AsInt64(), Vector256<long>.AllBitsSet);
        for (; i < count; i++)
        {
            all &= TryConvert(gradient[i], scale, out long value);
            accumulator[i] += value;
        }
        return all;
    }

    /// <summary>Converts sums back: <c>real[i] = (float)(sum[i] · factor)</c>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static void ToFloat(long* sum, float* real, int count, double factor)
    {
        Vector256<double> factors = Vector256.Create(factor);
        int i = 0;
        for (; i + 8 <= count; i += 8)
        {
            Vector256<double> lower = Vector256.ConvertToDouble(Vector256.Load(sum + i)) * factors;
            Vector256<double> upper = Vector256.ConvertToDouble(Vector256.Load(sum + i + 4)) * factors;
            Vector256.Narrow(lower, upper).Store(real + i);
        }
        for (; i < count; i++) real[i] = (float)(sum[i] * factor);
    }
}
