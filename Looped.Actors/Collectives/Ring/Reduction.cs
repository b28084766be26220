using System.Numerics;
using System.Runtime.Intrinsics;
using TorchSharp;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace Looped.Actors.Collectives.Ring;

/// <summary>Combines a chunk: <c>into = own ∘ other</c>, each <paramref name="bytes"/> long; <c>into</c> may be <c>other</c>.</summary>
internal delegate void Reducer(nint own, nint other, nint into, int bytes);

/// <summary>The element types and operations a ring can reduce.</summary>
internal static unsafe class Reduction
{
    /// <summary>Finds the pass for a type and operation.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public static Reducer Of(torch.ScalarType type, ReduceOperation operation) => (type, operation) switch
    {
        (torch.ScalarType.Int64, ReduceOperation.Sum) => Add<long>,
        (torch.ScalarType.Int32, ReduceOperation.Sum) => Add<int>,
        (torch.ScalarType.Float32, ReduceOperation.Sum) => Add<float>,
        (torch.ScalarType.Float64, ReduceOperation.Sum) => Add<double>,
        (torch.ScalarType.BFloat16, ReduceOperation.Sum) => AddBFloat16,
        (torch.ScalarType.Int64, ReduceOperation.Max) => Max<long>,
        (torch.ScalarType.Int32, ReduceOperation.Max) => Max<int>,
        (torch.ScalarType.Float32, ReduceOperation.Max) => Max<float>,
        _ => throw new ArgumentException($"The ring has no {operation} of {type}."),
    };

    private static void Add<T>(nint own, nint other, nint into, int bytes) where T : unmanaged, IAdditionOperators<T, T, T>, IAdditiveIdentity<T, T> =>
        TensorPrimitives.Add(Read<T>(other, bytes), Read<T>(own, bytes), Write<T>(into, bytes));

    private static void Max<T>(nint own, nint other, nint into, int bytes) where T : unmanaged, INumber<T> =>
        TensorPrimitives.Max(Read<T>(other, bytes), Read<T>(own, bytes), Write<T>(into, bytes));

    private static ReadOnlySpan<T> Read<T>(nint address, int bytes) where T : unmanaged => new((void*)address, bytes / sizeof(T));

    private static Span<T> Write<T>(nint address, int bytes) where T : unmanaged => new((void*)address, bytes / sizeof(T));

    /// <summary>Adds in float32 and rounds to the nearest bfloat16, ties to even.</summary>
    private static void AddBFloat16(nint own, nint other, nint into, int bytes)
    {
        ushort* a = (ushort*)own, b = (ushort*)other, c = (ushort*)into;
        int count = bytes / sizeof(ushort), i = 0;
        for (; i <= count - Vector256<ushort>.Count; i += Vector256<ushort>.Count)
        {
            var (aLow, aHigh) = Vector256.Widen(Vector256.Load(a + i));
            var (bLow, bHigh) = Vector256.Widen(Vector256.Load(b + i));
            Vector256.Narrow(Add(aLow, bLow), Add(aHigh, bHigh)).Store(c + i);
        }
        for (; i < count; i++) c[i] = (ushort)Add(Vector256.CreateScalar((uint)a[i]), Vector256.CreateScalar((uint)b[i])).ToScalar();
    }

    private static Vector256<uint> Add(Vector256<uint> a, Vector256<uint> b)
    {
        Vector256<float> sum = (a << 16).AsSingle() + (b << 16).AsSingle();
        Vector256<uint> bits = sum.AsUInt32();
        Vector256<uint> rounded = (bits + Vector256.Create(0x7FFFu) + (bits >>> 16 & Vector256<uint>.One)) >>> 16;
        // Rounding could carry a NaN's bits into infinity.
        return Vector256.ConditionalSelect(Vector256.Equals(sum, sum).AsUInt32(), rounded, bits >>> 16 | Vector256.Create(0x40u));
    }
}
