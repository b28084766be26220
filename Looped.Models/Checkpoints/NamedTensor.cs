namespace Looped.Models.Checkpoints;

/// <summary>Element types of the safetensors format that Looped reads or writes.</summary>
public enum ElementType
{
    /// <summary>IEEE 754 double precision.</summary>
    F64,

    /// <summary>IEEE 754 single precision.</summary>
    F32,

    /// <summary>IEEE 754 half precision.</summary>
    F16,

    /// <summary>bfloat16.</summary>
    BF16,

    /// <summary>Signed 64-bit integers.</summary>
    I64,

    /// <summary>Signed 32-bit integers.</summary>
    I32,

    /// <summary>Signed 16-bit integers.</summary>
    I16,

    /// <summary>Signed bytes.</summary>
    I8,

    /// <summary>Unsigned bytes.</summary>
    U8,

    /// <summary>Truth values, a byte each.</summary>
    BOOL,
}

/// <summary>A tensor in host memory, as it stands in a file: no LibTorch object behind it.</summary>
/// <param name="Name">Its name, such as <c>transformer.h_mid.0.attn.c_attn.weight</c>.</param>
/// <param name="Type">Its element type.</param>
/// <param name="Shape">Its shape; empty for a scalar.</param>
/// <param name="Data">Row-major little-endian elements.</param>
public sealed record NamedTensor(string Name, ElementType Type, IReadOnlyList<long> Shape, ReadOnlyMemory<byte> Data);
