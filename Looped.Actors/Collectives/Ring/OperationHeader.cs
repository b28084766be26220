using System.Buffers.Binary;
using TorchSharp;

namespace Looped.Actors.Collectives.Ring;

/// <summary>The kinds of calls.</summary>
internal enum CallKind : byte
{
    AllReduce = 1,
    Broadcast = 2,
    Barrier = 3,
}

/// <summary>Stands before an operation's bytes, so that ranks out of step notice instead of mixing values or waiting for ever.</summary>
/// <param name="Number">Which call since the ring formed.</param>
/// <param name="Kind">The call.</param>
/// <param name="Type">The elements' type.</param>
/// <param name="Detail">The <see cref="ReduceOperation"/> of a reduction, the root of a broadcast.</param>
/// <param name="Length">Number of elements.</param>
internal readonly record struct OperationHeader(long Number, CallKind Kind, torch.ScalarType Type, int Detail, long Length)
{
    public const int Bytes = 22;

    public void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteInt64LittleEndian(to, Number);
        BinaryPrimitives.WriteInt64LittleEndian(to[8..], Length);
        BinaryPrimitives.WriteInt32LittleEndian(to[16..], Detail);
        to[20] = (byte)Kind;
        to[21] = (byte)Type;
    }

    public static OperationHeader Read(ReadOnlySpan<byte> from) => new(BinaryPrimitives.ReadInt64LittleEndian(from), (CallKind)from[20],
        (torch.ScalarType)from[21], BinaryPrimitives.ReadInt32LittleEndian(from[16..]), BinaryPrimitives.ReadInt64LittleEndian(from[8..]));

    public override string ToString() => Kind switch
    {
        CallKind.AllReduce => $"call {Number}, an all-reduce ({(ReduceOperation)Detail}) of {Length} × {Type}",
        CallKind.Broadcast => $"call {Number}, a broadcast of {Length} × {Type} from rank {Detail}",
        _ => $"call {Number}, a barrier",
    };
}
