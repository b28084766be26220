using static TorchSharp.torch;

namespace Looped.Models.Checkpoints;

/// <summary>What is known about each <see cref="ElementType"/>: its size, and its counterpart in LibTorch.</summary>
public static class ElementTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this ElementType type) => type switch
    {
        ElementType.F64 or ElementType.I64 => 8,
        ElementType.F32 or ElementType.I32 => 4,
        ElementType.F16 or ElementType.BF16 or ElementType.I16 => 2,
        ElementType.I8 or ElementType.U8 or ElementType.BOOL => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>The LibTorch type with the same bits.</summary>
    public static ScalarType ToScalarType(this ElementType type) => type switch
    {
        ElementType.F64 => ScalarType.Float64,
        ElementType.F32 => ScalarType.Float32,
        ElementType.F16 => ScalarType.Float16,
        ElementType.BF16 => ScalarType.BFloat16,
        ElementType.I64 => ScalarType.Int64,
        ElementType.I32 => ScalarType.Int32,
        ElementType.I16 => ScalarType.Int16,
        ElementType.I8 => ScalarType.Int8,
        ElementType.U8 => ScalarType.Byte,
        ElementType.BOOL => ScalarType.Bool,
        _ => throw new ArgumentOutOfRangeException(nameof(type)),
    };

    /// <summary>The type of the format with the same bits; complex and quantised numbers have none.</summary>
    /// <exception cref="LoopedException">The format has no such type.</exception>
    public static ElementType ToElementType(this ScalarType type) => type switch
    {
        ScalarType.Float64 => ElementType.F64,
        ScalarType.Float32 => ElementType.F32,
        ScalarType.Float16 => ElementType.F16,
        ScalarType.BFloat16 => ElementType.BF16,
        ScalarType.Int64 => ElementType.I64,
        ScalarType.Int32 => ElementType.I32,
        ScalarType.Int16 => ElementType.I16,
        ScalarType.Int8 => ElementType.I8,
        ScalarType.Byte => ElementType.U8,
        ScalarType.Bool => ElementType.BOOL,
        _ => throw new LoopedException($"A tensor of type {type} cannot be written to a safetensors file; convert it to a real or integer type first."),
    };

    /// <summary>Elements of a tensor of this shape; 1 for a scalar.</summary>
    /// <exception cref="OverflowException">More than fit a 64-bit integer.</exception>
    public static long ElementCount(this IReadOnlyList<long> shape)
    {
        ArgumentNullException.ThrowIfNull(shape);
        long count = 1;
        foreach (long size in shape) count = checked(count * size);
        return count;
    }
}
