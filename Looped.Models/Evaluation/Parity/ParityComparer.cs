using System.Runtime.InteropServices;
using Looped.Models.Checkpoints;
using static TorchSharp.torch;

namespace Looped.Models.Evaluation.Parity;

/// <summary>Compares values with their references: numbers within a tolerance, integers exactly.</summary>
internal static class ParityComparer
{
    /// <summary>Compares a tensor of ours with one of the file.</summary>
    public static ParityComparison Compare(string name, Tensor actual, NamedTensor expected, Tolerance tolerance, Func<Tensor, Tensor>? arrange = null)
    {
        using var scope = NewDisposeScope();
        Tensor file = expected.ToTensor(), reference = arrange?.Invoke(file) ?? file, ours = actual.detach().cpu();
        // A scalar and a vector of one element are the same number.
        bool sameShape = ours.shape.SequenceEqual(reference.shape) || (ours.numel() == 1 && reference.numel() == 1);
        if (!sameShape)
            return new(name, double.NaN, double.NaN, false, $"has shape ({string.Join(", ", ours.shape)}) instead of ({string.Join(", ", reference.shape)})");
        if (IsWhole(reference.dtype) != IsWhole(ours.dtype))
            return new(name, double.NaN, double.NaN, false, $"is {ours.dtype} where the file has {reference.dtype}");
        if (IsWhole(reference.dtype)) return Exactly(name, Elements<long>(ours, ScalarType.Int64), Elements<long>(reference, ScalarType.Int64));
        return Within(name, Elements<double>(ours, ScalarType.Float64), Elements<double>(reference, ScalarType.Float64), tolerance);
    }

    /// <summary>Compares a number.</summary>
    public static ParityComparison Compare(string name, double actual, double expected, Tolerance tolerance) => Within(name, [actual], [expected], tolerance);

    /// <summary>Compares a whole number.</summary>
    public static ParityComparison Compare(string name, long actual, long expected) => Exactly(name, [actual], [expected]);

    private static ParityComparison Within(string name, ReadOnlySpan<double> actual, ReadOnlySpan<double> expected, Tolerance tolerance)
    {
        double largest = 0, error = 0;
        bool comparable = true;
        for (int i = 0; i < expected.Length; i++)
        {
            if (double.IsFinite(expected[i])) largest = Math.Max(largest, Math.Abs(expected[i]));
            if (actual[i].Equals(expected[i])) continue;        // also where both are infinite or NaN
            double difference = Math.Abs(actual[i] - expected[i]);
            comparable &= double.IsFinite(difference);
            error = Math.Max(error, difference);
        }
        double allowed = tolerance.Allowed(largest);
        return new(name, error, allowed, comparable && error <= allowed, comparable ? null : "is not finite where the reference is, or the other way round");
    }

    private static ParityComparison Exactly(string name, ReadOnlySpan<long> actual, ReadOnlySpan<long> expected)
    {
        double error = 0;
        bool equal = actual.SequenceEqual(expected);
        for (int i = 0; i < expected.Length; i++) error = Math.Max(error, Math.Abs((double)actual[i] - expected[i]));
        return new(name, error, 0, equal);
    }

    private static bool IsWhole(ScalarType type) =>
        type is ScalarType.Int64 or ScalarType.Int32 or ScalarType.Int16 or ScalarType.Int8 or ScalarType.Byte or ScalarType.Bool;

    private static ReadOnlySpan<T> Elements<T>(Tensor tensor, ScalarType type) where T : unmanaged
    {
        if (tensor.numel() == 0) return [];
        using Tensor converted = tensor.to(type), dense = converted.contiguous();
        return MemoryMarshal.Cast<byte, T>(dense.bytes).ToArray();
    }
}
