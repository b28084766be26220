using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Looped.Actors.Collectives.Nccl;

namespace Looped.Actors.Tests.Collectives.Nccl;

/// <summary>The tables of NCCL and CUDA, filled with functions that C could call; they act on the one <see cref="Fabric"/> of the running test.</summary>
internal static unsafe class FakeNccl
{
    private static readonly nint LastErrorText = Marshal.StringToCoTaskMemUTF8("socketProgress: connection closed by remote peer node7<5000>\n");
    private static readonly nint ErrorText = Marshal.StringToCoTaskMemUTF8("something went wrong");

    public static FakeFabric Fabric { get; set; } = new();

    /// <summary>What <c>ncclGetVersion</c> answers.</summary>
    public static int Version { get; set; } = 22705;

    public static NcclApi Nccl { get; } = new()
    {
        GetVersion = &GetVersion,
        GetErrorString = &GetErrorString,
        GetLastError = &GetLastError,
        GetUniqueId = &GetUniqueId,
        CommInitRankConfig = &CommInitRankConfig,
        CommGetAsyncError = &CommGetAsyncError,
        CommAbort = &CommAbort,
        AllReduce = &AllReduce,
        Broadcast = &Broadcast,
    };

    public static CudaApi Cuda { get; } = new()
    {
        SetDevice = &SetDevice,
        StreamCreateWithFlags = &StreamCreate,
        StreamDestroy = &Destroy,
        StreamWaitEvent = &StreamWaitEvent,
        EventCreateWithFlags = &EventCreate,
        EventRecord = &EventRecord,
        EventQuery = &EventQuery,
        EventDestroy = &Destroy,
        GetErrorString = &CudaErrorString,
        DeviceGetPciBusId = &DeviceGetPciBusId,
    };

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int DeviceGetPciBusId(byte* text, int length, int device)
    {
        if (device > 7) return 101;
        System.Text.Encoding.ASCII.GetBytes($"0000:0{device}:00.0\0").CopyTo(new Span<byte>(text, length));
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static NcclResult GetVersion(int* version)
    {
        *version = Version;
        return NcclResult.Success;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint GetErrorString(NcclResult result) => ErrorText;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint GetLastError(nint comm) => LastErrorText;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static NcclResult GetUniqueId(NcclUniqueId* id)
    {
        Fabric.MakeId(new Span<byte>(id, NcclUniqueId.Size));
        return NcclResult.Success;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static NcclResult CommInitRankConfig(nint* comm, int size, NcclUniqueId id, int rank, NcclConfig* config)
    {
        *comm = Fabric.Join(size, new Span<byte>(&id, NcclUniqueId.Size), rank, *config);
        return NcclResult.InProgress;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static NcclResult CommGetAsyncError(nint comm, NcclResult* state)
    {
        *state = Fabric.State(comm);
        return NcclResult.Success;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static NcclResult CommAbort(nint comm)
    {
        Fabric.Abort(comm);
        return NcclResult.Success;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static NcclResult AllReduce(nint send, nint receive, nuint count, NcclDataType type, NcclOperation operation, nint comm, nint stream) =>
        Fabric.Enqueue("all-reduce", comm, stream, new(send, receive, (int)count), type switch
        {
            NcclDataType.Int64 => parts => Reduce<long>(parts, operation),
            NcclDataType.Int32 => parts => Reduce<int>(parts, operation),
            NcclDataType.Float32 => parts => Reduce<float>(parts, operation),
            _ => parts => Reduce<BrainFloat>(parts, operation),
        });

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static NcclResult Broadcast(nint send, nint receive, nuint count, NcclDataType type, int root, nint comm, nint stream) =>
        Fabric.Enqueue("broadcast", comm, stream, new(send, receive, (int)count), parts =>
        {
            foreach (FakeFabric.Part part in parts.Values) Buffer.MemoryCopy((void*)parts[root].Send, (void*)part.Receive, part.Count, part.Count);
        });

    private static void Reduce<T>(IReadOnlyDictionary<int, FakeFabric.Part> parts, NcclOperation operation) where T : unmanaged, IAdditionOperators<T, T, T>, IComparable<T>
    {
        int count = parts[0].Count;
        T[] result = new Span<T>((void*)parts[0].Send, count).ToArray();
        foreach (FakeFabric.Part part in parts.Values.Where(p => p != parts[0]))
        {
            var other = new Span<T>((void*)part.Send, count);
            for (int i = 0; i < count; i++)
                result[i] = operation == NcclOperation.Sum ? result[i] + other[i] : result[i].CompareTo(other[i]) < 0 ? other[i] : result[i];
        }
        foreach (FakeFabric.Part part in parts.Values) result.CopyTo(new Span<T>((void*)part.Receive, count));
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int SetDevice(int device) => 0;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int StreamCreate(nint* stream, uint flags)
    {
        *stream = Fabric.NewStream(flags);
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int StreamWaitEvent(nint stream, nint cudaEvent, uint flags) => 0;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int EventCreate(nint* cudaEvent, uint flags)
    {
        *cudaEvent = Fabric.NewEvent();
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int EventRecord(nint cudaEvent, nint stream) => Fabric.Record(cudaEvent, stream);

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int EventQuery(nint cudaEvent) => Fabric.HasPassed(cudaEvent) ? 0 : CudaApi.NotReady;

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static int Destroy(nint streamOrEvent)
    {
        Fabric.Destroy(streamOrEvent);
        return 0;
    }

    [UnmanagedCallersOnly(CallConvs = [typeof(CallConvCdecl)])]
    private static nint CudaErrorString(int error) => ErrorText;

    /// <summary>bfloat16: the upper half of a float; exact here, because the tests add small integers.</summary>
    private readonly record struct BrainFloat(ushort Bits) : IAdditionOperators<BrainFloat, BrainFloat, BrainFloat>, IComparable<BrainFloat>
    {
        private float Value => BitConverter.UInt32BitsToSingle((uint)Bits << 16);

        public static BrainFloat operator +(BrainFloat left, BrainFloat right) => new((ushort)(BitConverter.SingleToUInt32Bits(left.Value + right.Value) >> 16));

        public int CompareTo(BrainFloat other) => Value.CompareTo(other.Value);
    }
}
