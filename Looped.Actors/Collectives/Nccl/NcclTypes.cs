using System.Runtime.InteropServices;

namespace Looped.Actors.Collectives.Nccl;

/// <summary>What rank 0 makes and every rank needs to find the others: 128 opaque bytes, passed by value. One for each communicator.</summary>
[StructLayout(LayoutKind.Sequential, Size = 128)]
internal unsafe struct NcclUniqueId
{
    /// <summary>The size of the structure in bytes.</summary>
    public const int Size = 128;

    public fixed byte Internal[Size];
}

/// <summary><c>ncclResult_t</c>.</summary>
internal enum NcclResult
{
    Success = 0,
    UnhandledCudaError = 1,
    SystemError = 2,
    InternalError = 3,
    InvalidArgument = 4,
    InvalidUsage = 5,
    RemoteError = 6,
    InProgress = 7,
}

/// <summary><c>ncclDataType_t</c>, the ones in use.</summary>
internal enum NcclDataType
{
    Int8 = 0,
    Int32 = 2,
    Int64 = 4,
    Float32 = 7,
    BFloat16 = 9,
}

/// <summary><c>ncclRedOp_t</c>, the ones in use.</summary>
internal enum NcclOperation
{
    Sum = 0,
    Max = 2,
}

/// <summary>
/// <c>ncclConfig_t</c> as of NCCL 2.18. The library copies what it knows of the size it is given and defaults every field newer than
/// <see cref="Version"/>, so these 48 bytes serve every later release too.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct NcclConfig
{
    /// <summary>What NCCL reads as "use the default"; 0 would be a value.</summary>
    public const int Undefined = int.MinValue;

    public nuint Size;
    public uint Magic;
    public uint Version;
    public int Blocking;
    public int CgaClusterSize;
    public int MinCtas;
    public int MaxCtas;
    public nint NetName;
    public int SplitShare;
    public int TrafficClass;

    /// <summary>All defaults, but no call waits for other ranks: what makes an abort possible at any point.</summary>
    public static NcclConfig NonBlocking => new()
    {
        Size = (nuint)Marshal.SizeOf<NcclConfig>(),
        Magic = 0xCAFEBEEF,
        Version = 21800,
        Blocking = 0,
        CgaClusterSize = Undefined,
        MinCtas = Undefined,
        MaxCtas = Undefined,
        NetName = 0,
        SplitShare = Undefined,
        TrafficClass = Undefined,
    };
}
