using TorchSharp;
using static TorchSharp.torch;

namespace Looped.Models.Native;

/// <summary>
/// Numbers as arguments of tensor operations. TorchSharp turns a number into a native object that belongs to a finalizer and hands only its address
/// to LibTorch: a garbage collection on another thread can free it while the operation still reads it (seen as a run that died, after 2028 steps, of
/// a number that had no type any more; in a storm of collections one addition in 12,000). Every number goes through here, and so do the operations
/// that make one of their own, such as <c>tensor + tensor</c>; a test looks through the program for others.
/// </summary>
public static class Numbers
{
    private const int Kept = 64;

    [ThreadStatic]
    private static Scalar?[]? t_kept;

    [ThreadStatic]
    private static int t_next;

    /// <summary>1, for good.</summary>
    public static Scalar One { get; } = 1;

    /// <summary>A number for an operation that is called at once: it lives until its thread has asked for 64 more.</summary>
    public static Scalar Number(double value) => Keep(value);

    /// <summary>As the other, for whole numbers, which leave a tensor of whole numbers as it is.</summary>
    public static Scalar Number(long value) => Keep(value);

    /// <summary>a + b.</summary>
    public static Tensor Plus(this Tensor a, Tensor b)
    {
        ArgumentNullException.ThrowIfNull(a);
        return a.add(b, One);
    }

    /// <summary>a + b.</summary>
    public static Tensor Plus(this Tensor a, double b)
    {
        ArgumentNullException.ThrowIfNull(a);
        return a.add(Number(b), One);
    }

    /// <summary>a + b, into a.</summary>
    public static Tensor Plus_(this Tensor a, Tensor b)
    {
        ArgumentNullException.ThrowIfNull(a);
        return a.add_(b, One);
    }

    /// <summary>a · b.</summary>
    public static Tensor Times(this Tensor a, double b)
    {
        ArgumentNullException.ThrowIfNull(a);
        return a.mul(Number(b));
    }

    /// <summary>a / b.</summary>
    public static Tensor Over(this Tensor a, double b)
    {
        ArgumentNullException.ThrowIfNull(a);
        return a.div(Number(b));
    }

    /// <summary>1 − a.</summary>
    public static Tensor OneMinus(Tensor a)
    {
        ArgumentNullException.ThrowIfNull(a);
        return a.negative().add(One, One);
    }

    /// <summary>a².</summary>
    public static Tensor Squared(this Tensor a)
    {
        ArgumentNullException.ThrowIfNull(a);
        return a.pow(Number(2));
    }

    /// <summary>The whole numbers from <paramref name="start"/> to <paramref name="end"/> − 1, int64.</summary>
    public static Tensor Range(long start, long end, Device device) => arange(Number(start), Number(end), One, dtype: ScalarType.Int64, device: device);

    private static Scalar Keep(Scalar scalar)
    {
        Scalar?[] kept = t_kept ??= new Scalar?[Kept];
        kept[t_next]?.Dispose();
        kept[t_next] = scalar;
        t_next = (t_next + 1) % Kept;
        return scalar;
    }
}
