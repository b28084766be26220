using System.Buffers.Binary;

namespace Looped.Models.Checkpoints;

/// <summary>How two tensors of one name differ.</summary>
/// <param name="Name">The name.</param>
/// <param name="Form">What differs besides values: `shape F32 [2, 3] and F32 [3, 2]`, `only in …`; null if type and shape are equal.</param>
/// <param name="Elements">Number of elements.</param>
/// <param name="Different">How many have other bits.</param>
/// <param name="LargestAbsolute">The largest absolute difference; infinite where only one is a number.</param>
/// <param name="LargestUlps">The largest number of representable values between two elements; for integers their difference.</param>
public sealed record TensorDifference(string Name, string? Form, long Elements, long Different, double LargestAbsolute, ulong LargestUlps)
{
    /// <summary>Compares bit for bit; null if equal.</summary>
    public static TensorDifference? Of(NamedTensor left, NamedTensor right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        if (left.Type != right.Type || !left.Shape.SequenceEqual(right.Shape))
            return new(left.Name, $"{Describe(left)} and {Describe(right)}", left.Shape.ElementCount(), 0, 0, 0);
        if (left.Data.Span.SequenceEqual(right.Data.Span)) return null;

        (long different, double absolute, ulong ulps) = (0, 0, 0);
        int size = left.Type.Size();
        for (int i = 0; i < left.Data.Length; i += size)
        {
            ReadOnlySpan<byte> a = left.Data.Span.Slice(i, size), b = right.Data.Span.Slice(i, size);
            if (a.SequenceEqual(b)) continue;
            different++;
            ulong x = Place(left.Type, a), y = Place(left.Type, b);
            ulps = Math.Max(ulps, x > y ? x - y : y - x);
            double distance = Math.Abs(Value(left.Type, a) - Value(left.Type, b));
            absolute = Math.Max(absolute, double.IsNaN(distance) ? double.PositiveInfinity : distance);
        }
        return new(left.Name, null, left.Shape.ElementCount(), different, absolute, ulps);
    }

    private static string Describe(NamedTensor tensor) => $"{tensor.Type} [{string.Join(", ", tensor.Shape)}]";

    private static double Value(ElementType type, ReadOnlySpan<byte> bytes) => type switch
    {
        ElementType.F64 => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
        ElementType.F32 => BinaryPrimitives.ReadSingleLittleEndian(bytes),
        ElementType.F16 => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes),
        ElementType.BF16 => BitConverter.UInt32BitsToSingle((uint)BinaryPrimitives.ReadUInt16LittleEndian(bytes) << 16),
        ElementType.I64 => BinaryPrimitives.ReadInt64LittleEndian(bytes),
        ElementType.I32 => BinaryPrimitives.ReadInt32LittleEndian(bytes),
        ElementType.I16 => BinaryPrimitives.ReadInt16LittleEndian(bytes),
        ElementType.I8 => (sbyte)bytes[0],
        _ => bytes[0],
    };

    /// <summary>The element's place among all values of its type in ascending order: neighbours differ by 1.</summary>
    private static ulong Place(ElementType type, ReadOnlySpan<byte> bytes)
    {
        Span<byte> wide = stackalloc byte[8];
        wide.Clear();
        bytes.CopyTo(wide);
        ulong bits = BinaryPrimitives.ReadUInt64LittleEndian(wide), sign = 1ul << (bytes.Length * 8 - 1), all = sign | (sign - 1);
        return type switch
        {
            ElementType.U8 or ElementType.BOOL => bits,
            ElementType.I64 or ElementType.I32 or ElementType.I16 or ElementType.I8 => bits ^ sign,
            // Negative numbers count down from the middle, the others up; the two zeros are neighbours.
            _ => (bits & sign) != 0 ? ~bits & all : bits | sign,
        };
    }
}
