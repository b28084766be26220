namespace Looped.Actors.Collectives.Ring;

/// <summary>Bytes to send to the next rank.</summary>
/// <param name="Source">Their address.</param>
/// <param name="Bytes">Their number.</param>
/// <param name="After">The first n of them may leave once <c>After + n</c> bytes of the operation were received and dealt with.</param>
internal readonly record struct SendStep(nint Source, long Bytes, long After);

/// <summary>Bytes to receive from the previous rank.</summary>
/// <param name="Into">Where the result belongs.</param>
/// <param name="Own">This rank's values to combine with what comes; 0 to store what comes as it is.</param>
/// <param name="Bytes">Their number.</param>
internal readonly record struct ReceiveStep(nint Into, nint Own, long Bytes);

/// <summary>What one rank sends and receives in one operation. Pure: addresses are only added to.</summary>
internal sealed record RingProgram(SendStep[] Sends, ReceiveStep[] Receives)
{
    /// <summary>May leave before anything was received.</summary>
    private const long AtOnce = long.MinValue / 2;

    /// <summary>The most bytes of one step.</summary>
    public long Widest { get; } = Math.Max(Sends.Select(s => s.Bytes).DefaultIfEmpty().Max(), Receives.Select(r => r.Bytes).DefaultIfEmpty().Max());

    /// <summary>
    /// Reduce-scatter, then all-gather: the buffer is cut into a segment a rank; in W − 1 steps each segment goes around once and gathers the
    /// values (segment j in the order of ranks j, j + 1, …), in W − 1 more the results go around. Only the first step reads the input.
    /// </summary>
    public static RingProgram AllReduce(int rank, int world, nint input, nint output, long count, int elementBytes)
    {
        long Start(int segment) => (long)((Int128)count * segment / world) * elementBytes;
        int Segment(int offset) => (rank - offset + 2 * world) % world;
        int steps = 2 * (world - 1);
        var sends = new SendStep[steps];
        var receives = new ReceiveStep[steps];
        long received = 0, after = AtOnce;
        for (int s = 0; s < steps; s++)
        {
            bool gathering = s >= world - 1;
            // In gathering, a rank begins with the segment that it finished: the one after its own.
            int shift = gathering ? s - world : s;
            int sending = Segment(shift), receiving = Segment(shift + 1);
            long from = Start(sending), to = Start(receiving);
            sends[s] = new SendStep((s == 0 ? input : output) + (nint)from, Start(sending + 1) - from, after);
            receives[s] = new ReceiveStep(output + (nint)to, gathering ? 0 : input + (nint)to, Start(receiving + 1) - to);
            after = received;
            received += receives[s].Bytes;
        }
        return new RingProgram(sends, receives);
    }

    /// <summary>The root's bytes go along the ring; each rank passes on what it has.</summary>
    public static RingProgram Broadcast(int rank, int world, int root, nint buffer, long bytes)
    {
        bool first = rank == root, last = (rank + 1) % world == root;
        return new RingProgram(last ? [] : [new SendStep(buffer, bytes, first ? AtOnce : 0)], first ? [] : [new ReceiveStep(buffer, 0, bytes)]);
    }

    /// <summary>A byte to the next rank, W − 1 times, each after the one before was received: the last one tells of all ranks.</summary>
    public static RingProgram Barrier(int world, nint sent, nint received) => new(
        [.. Enumerable.Range(0, world - 1).Select(s => new SendStep(sent, 1, s == 0 ? AtOnce : s - 1))],
        [.. Enumerable.Range(0, world - 1).Select(_ => new ReceiveStep(received, 0, 1))]);
}
