namespace Looped.Actors.Collectives.Ring;

/// <summary>How the ranks of a ring find out, over its connections, whether they are all on one host, and share memory if they are. All agree about the outcome.</summary>
/// <param name="plan">The generation.</param>
/// <param name="gather">Every rank's numbers, rank after rank; a collective call.</param>
internal sealed unsafe class SharedForming(RingPlan plan, Func<long[], long[][]> gather)
{
    private const int MarkAt = 128;

    /// <summary>Every rank's segment, by rank; null if any rank cannot or does not want to share.</summary>
    public SharedSegment[]? Run()
    {
        long token = plan.ShareMemory && SharedSegment.IsSupported ? TryToken() : 0;
        long[][] tokens = gather([token]);
        if (token == 0 || tokens.Any(other => other[0] != token)) return null;

        var segments = new SharedSegment?[plan.WorldSize];
        bool all = false;
        try
        {
            SharedSegment? own = segments[plan.Rank] = TryCreate();
            if (own is not null) Mark(plan.Rank).CopyTo(new Span<byte>(own.Address + MarkAt, 40));
            long[][] places = gather([Environment.ProcessId, own?.File ?? -1]);
            bool mine = own is not null && Enumerable.Range(0, plan.WorldSize).All(rank => rank == plan.Rank || (segments[rank] = TryOpen(rank, places[rank])) is not null);
            all = gather([mine ? 1 : 0]).All(other => other[0] == 1);
            return all ? [.. segments.OfType<SharedSegment>()] : null;
        }
        finally
        {
            if (!all)
                foreach (SharedSegment? segment in segments) segment?.Dispose();
        }
    }

    private static long TryToken()
    {
        try
        {
            return SharedSegment.HostToken();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A host that does not say who it is shares nothing.
            return 0;
        }
    }

    private static SharedSegment? TryCreate()
    {
        try
        {
            return SharedSegment.Create(SharedPath.Bytes);
        }
        catch (IOException)
        {
            return null;
        }
    }

    private SharedSegment? TryOpen(int rank, long[] place)
    {
        if (place[1] < 0) return null;
        try
        {
            SharedSegment segment = SharedSegment.Open((int)place[0], (int)place[1], SharedPath.Bytes);
            if (new ReadOnlySpan<byte>(segment.Address + MarkAt, 40).SequenceEqual(Mark(rank))) return segment;
            segment.Dispose();
        }
        catch (IOException)
        {
            // Another user's process, or a host that hides processes from each other.
        }
        return null;
    }

    /// <summary>What a rank's segment begins with, so that nobody takes another file for it.</summary>
    private byte[] Mark(int rank) => [.. plan.Digest(), .. BitConverter.GetBytes((long)rank)];
}
