namespace Looped.Actors.Collectives.Ring;

/// <summary>
/// All-reduce between ranks of one host through memory that they share. Block by block each rank lays its values down, combines those of its own
/// segment from all, and takes the other segments' results; two barriers a block. Segments, and the order of the ranks within one, are those of
/// <see cref="RingProgram.AllReduce"/>, so the bits are the same as over the connections. Those stay open: they carry small operations and signs of
/// life, and break the ring.
/// </summary>
internal sealed unsafe class SharedPath : IDisposable
{
    /// <summary>Below this an operation goes over the connections, which costs less than two barriers.</summary>
    public const long Least = 64 << 10;

    private const int Page = 4096, HeaderAt = 64, Spins = 50;
    private static readonly TimeSpan Nap = TimeSpan.FromMilliseconds(5);

    private readonly SharedSegment[] _segments;
    private readonly int _rank, _world;
    private readonly Func<int, Breakage?> _problem;
    private readonly Action<Breakage> _missed;
    private uint _barriers;

    /// <param name="segments">Every rank's, by rank; owned by this.</param>
    /// <param name="rank">This rank.</param>
    /// <param name="problem">Asked now and then while a rank is waited for, why it will not come unless it has come already; null if it may. Throws when the ring is broken.</param>
    /// <param name="missed">Told of that problem when the rank has not come; throws.</param>
    public SharedPath(SharedSegment[] segments, int rank, Func<int, Breakage?> problem, Action<Breakage> missed) =>
        (_segments, _rank, _world, _problem, _missed) = (segments, rank, segments.Length, problem, missed);

    /// <summary>Bytes of a rank's segment of memory: a page of signals, its values, its results.</summary>
    public static long Bytes => Page + 2L * Block;

    /// <summary>Bytes that a rank lays down at a time: small enough to stay in a cache until the others have read them.</summary>
    private const int Block = 1 << 20;

    /// <summary>Does this rank's part.</summary>
    /// <exception cref="OutOfStepException">Another rank does something else.</exception>
    public void AllReduce(OperationHeader header, Bucket bucket, Reducer reducer)
    {
        header.Write(new Span<byte>(Signals(_rank) + HeaderAt, OperationHeader.Bytes));
        int part = Block / _world / 64 * 64;
        long longest = Enumerable.Range(0, _world).Max(j => End(j) - Start(j)) * bucket.ElementBytes;
        for (long at = 0; at < longest; at += part)
        {
            for (int j = 0; j < _world; j++)
                if (j != _rank) Copy((byte*)bucket.From + Place(j), Values(_rank, j), Length(j));
            Meet();
            if (at == 0) CompareHeaders(header);
            Combine(Length(_rank));
            Meet();
            for (int j = 0; j < _world; j++)
                if (j != _rank) Copy(Results(j), (byte*)bucket.To + Place(j), Length(j));

            long Place(int j) => Start(j) * bucket.ElementBytes + at;
            int Length(int j) => (int)Math.Clamp((End(j) - Start(j)) * bucket.ElementBytes - at, 0, part);

            void Combine(int bytes)
            {
                if (bytes == 0) return;
                byte* sum = (byte*)bucket.From + Place(_rank);
                for (int k = 1; k < _world; k++)
                {
                    reducer((nint)Values((_rank + k) % _world, _rank), (nint)sum, (nint)Results(_rank), bytes);
                    sum = Results(_rank);
                }
                Copy(sum, (byte*)bucket.To + Place(_rank), bytes);
            }
        }

        long Start(int j) => (long)((Int128)bucket.Count * j / _world);
        long End(int j) => Start(j + 1);
        byte* Values(int rank, int j) => Signals(rank) + Page + j * part;
        byte* Results(int rank) => Signals(rank) + Page + Block;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (SharedSegment segment in _segments) segment.Dispose();
    }

    private byte* Signals(int rank) => _segments[rank].Address;

    private static void Copy(byte* from, byte* to, long bytes) => Buffer.MemoryCopy(from, to, bytes, bytes);

    private void CompareHeaders(OperationHeader mine)
    {
        for (int j = 0; j < _world; j++)
        {
            var theirs = OperationHeader.Read(new ReadOnlySpan<byte>(Signals(j) + HeaderAt, OperationHeader.Bytes));
            if (theirs != mine) throw new OutOfStepException($"this rank makes {mine}; rank {j} makes {theirs}");
        }
    }

    /// <summary>Returns when every rank has come so far. A rank's word counts its barriers; it may be one ahead of those that have not left yet.</summary>
    private void Meet()
    {
        uint* own = (uint*)Signals(_rank);
        // Large sums and copies may be stored past the cache, and such stores are not ordered before the one that tells of them.
        Interlocked.MemoryBarrier();
        Volatile.Write(ref *own, ++_barriers);
        SharedSegment.Wake(own);
        for (int j = 0; j < _world; j++)
        {
            uint* word = (uint*)Signals(j);
            var spin = new SpinWait();
            for (uint seen; (int)((seen = Volatile.Read(ref *word)) - _barriers) < 0;)
            {
                if (spin.Count < Spins && !spin.NextSpinWillYield)
                {
                    spin.SpinOnce();
                    continue;
                }
                SharedSegment.Sleep(word, seen, Nap);
                // One that came and went on has come: its word is looked at again after the problem is known.
                if (_problem(j) is { } problem && (int)(Volatile.Read(ref *word) - _barriers) < 0) _missed(problem);
            }
        }
    }
}
