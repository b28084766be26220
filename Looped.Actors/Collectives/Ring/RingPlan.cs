using System.Net;
using System.Security.Cryptography;

namespace Looped.Actors.Collectives.Ring;

/// <summary>Who forms a ring, as every one of its ranks is told.</summary>
/// <param name="Term">Term of the supervisor that planned it.</param>
/// <param name="Generation">Number of the generation within the term.</param>
/// <param name="Rank">The rank of the reader of this plan.</param>
/// <param name="Members">Names with incarnation, by rank.</param>
/// <param name="Endpoints">Where each rank's <see cref="RingListener"/> is reached, by rank.</param>
public sealed record RingPlan(long Term, long Generation, int Rank, IReadOnlyList<string> Members, IReadOnlyList<DnsEndPoint> Endpoints)
{
    /// <summary>Whether this rank would reduce through memory that the ranks of one host share; a ring does if all of its ranks would and can.</summary>
    public bool ShareMemory { get; init; } = true;

    /// <summary>Number of members.</summary>
    public int WorldSize => Members.Count;

    internal (long Term, long Generation) Number => (Term, Generation);

    internal int Next => (Rank + 1) % WorldSize;

    internal int Previous => (Rank + WorldSize - 1) % WorldSize;

    internal string Describe(int rank) => $"rank {rank} ({Members[rank]} at {Endpoints[rank].Host}:{Endpoints[rank].Port})";

    /// <summary>A hash of all that the ranks must agree about: two plans of one number never form one ring.</summary>
    internal byte[] Digest()
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(Term);
        writer.Write(Generation);
        writer.Write(WorldSize);
        foreach (string member in Members) writer.Write(member);
        writer.Flush();
        return SHA256.HashData(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    internal void ThrowIfNotFor(string member)
    {
        if (Members.Count == 0 || Members.Count != Endpoints.Count)
            throw new ArgumentException($"A ring needs as many endpoints as members, not {Endpoints.Count} for {Members.Count}.");
        if (Rank < 0 || Rank >= WorldSize || Members[Rank] != member)
            throw new ArgumentException($"The plan of generation {Term}.{Generation} does not have {member} as rank {Rank}.");
    }
}
