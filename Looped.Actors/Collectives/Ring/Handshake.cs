using System.Security.Cryptography;
using System.Text;

namespace Looped.Actors.Collectives.Ring;

/// <summary>What a connection is for.</summary>
internal enum Purpose : byte
{
    /// <summary>Values of the reductions, from a rank to the next.</summary>
    Data = 1,

    /// <summary>Signs of life, both ways.</summary>
    Beacon = 2,

    /// <summary>Only to see that both ends know the secret.</summary>
    Probe = 3,
}

/// <summary>A connection's first words: who calls whom, about which ring.</summary>
internal sealed record Hello(Purpose Purpose, long Term, long Generation, int From, int To, string FromMember, string ToMember)
{
    public static Hello Of(RingPlan plan, Purpose purpose) =>
        new(purpose, plan.Term, plan.Generation, plan.Rank, plan.Next, plan.Members[plan.Rank], plan.Members[plan.Next]) { PlanDigest = plan.Digest() };

    /// <summary><see cref="RingPlan.Digest"/> of the caller's plan.</summary>
    public byte[] PlanDigest { get; init; } = new byte[SHA256.HashSizeInBytes];

    /// <summary>How long the caller is ready to wait for an answer, in milliseconds.</summary>
    public uint Patience { get; init; }

    /// <summary>The caller's random number, which makes the conversation this one and no replay.</summary>
    public byte[] Nonce { get; init; } = RandomNumberGenerator.GetBytes(Handshake.NonceBytes);
}

/// <summary>A listener's answer to an authenticated caller.</summary>
/// <param name="Accepted">Whether the connection is now part of the ring.</param>
/// <param name="Reason">Why not.</param>
/// <param name="Lost">The ranks for whose sake the listener gave the ring up, if it did.</param>
internal sealed record Answer(bool Accepted, string Reason, IReadOnlyList<int> Lost)
{
    public static Answer Yes { get; } = new(true, "", []);
}

/// <summary>A conversation that is no handshake, or one with somebody who does not know the secret.</summary>
internal sealed class HandshakeException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>
/// The words of the handshake. Caller: hello with a nonce; listener: nonce and proof; caller: proof, or a denial; listener: answer. Each proof is an
/// HMAC over the whole conversation so far and the side that gives it, so neither can be replayed nor reflected.
/// Every frame is a little-endian 16-bit length and that many bytes.
/// </summary>
internal static class Handshake
{
    public const int NonceBytes = 32, ProofBytes = HMACSHA256.HashSizeInBytes, LargestFrame = 1024;

    private const string Magic = "looped-ring-1";

    /// <summary>What a caller says to a listener that does not know its secret: an empty frame, which proves nothing.</summary>
    public static ReadOnlySpan<byte> Denial => [0, 0];

    public static byte[] Write(Hello hello) => Frame(writer =>
    {
        writer.Write(Magic);
        writer.Write((byte)hello.Purpose);
        writer.Write(hello.Term);
        writer.Write(hello.Generation);
        writer.Write(hello.From);
        writer.Write(hello.To);
        writer.Write(hello.FromMember);
        writer.Write(hello.ToMember);
        writer.Write(hello.PlanDigest);
        writer.Write(hello.Patience);
        writer.Write(hello.Nonce);
    });

    public static Hello ReadHello(byte[] body) => Read(body, reader =>
    {
        if (reader.ReadString() != Magic) throw new HandshakeException("It does not speak this ring's language.");
        return new Hello((Purpose)reader.ReadByte(), reader.ReadInt64(), reader.ReadInt64(), reader.ReadInt32(), reader.ReadInt32(),
            reader.ReadString(), reader.ReadString())
        {
            PlanDigest = Exactly(reader, SHA256.HashSizeInBytes),
            Patience = reader.ReadUInt32(),
            Nonce = Exactly(reader, NonceBytes),
        };
    });

    /// <summary>The listener's nonce and its proof that it knows the secret.</summary>
    public static byte[] WriteChallenge(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> hello, ReadOnlySpan<byte> nonce)
    {
        byte[] body = [.. nonce, .. Proof(secret, "listener", hello, nonce)];
        return Frame(writer => writer.Write(body));
    }

    /// <summary>Checks the listener's proof and gives its nonce.</summary>
    public static byte[] ReadChallenge(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> hello, byte[] body)
    {
        if (body.Length != NonceBytes + ProofBytes) throw new HandshakeException("It does not speak this ring's language.");
        byte[] nonce = body[..NonceBytes];
        if (!CryptographicOperations.FixedTimeEquals(body.AsSpan(NonceBytes), Proof(secret, "listener", hello, nonce)))
            throw new HandshakeException("It does not know this cluster's secret.");
        return nonce;
    }

    public static byte[] WriteProof(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> hello, ReadOnlySpan<byte> nonce)
    {
        byte[] proof = Proof(secret, "caller", hello, nonce);
        return Frame(writer => writer.Write(proof));
    }

    public static bool IsProof(ReadOnlySpan<byte> secret, ReadOnlySpan<byte> hello, ReadOnlySpan<byte> nonce, ReadOnlySpan<byte> body) =>
        CryptographicOperations.FixedTimeEquals(body, Proof(secret, "caller", hello, nonce));

    public static byte[] Write(Answer answer) => Frame(writer =>
    {
        writer.Write(answer.Accepted);
        writer.Write(Shorten(answer.Reason));
        writer.Write((byte)Math.Min(answer.Lost.Count, 64));
        foreach (int rank in answer.Lost.Take(64)) writer.Write(rank);
    });

    public static Answer ReadAnswer(byte[] body) => Read(body, reader =>
    {
        bool accepted = reader.ReadBoolean();
        string reason = reader.ReadString();
        int[] lost = new int[reader.ReadByte()];
        for (int i = 0; i < lost.Length; i++) lost[i] = reader.ReadInt32();
        return new Answer(accepted, reason, lost);
    });

    /// <summary>A text that fits a frame.</summary>
    public static string Shorten(string text) => text.Length <= 150 ? text : text[..149] + "…";

    private static byte[] Proof(ReadOnlySpan<byte> secret, string side, ReadOnlySpan<byte> hello, ReadOnlySpan<byte> nonce) =>
        HMACSHA256.HashData(secret, [.. Encoding.ASCII.GetBytes(side), 0, .. hello, .. nonce]);

    /// <summary>Writes a frame: its length, then the body.</summary>
    internal static byte[] Frame(Action<BinaryWriter> write)
    {
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write((ushort)0);
        write(writer);
        writer.Flush();
        long length = bytes.Length - sizeof(ushort);
        if (length > LargestFrame) throw new ArgumentException($"A frame of {length} bytes is too large: member names must be short.");
        bytes.Position = 0;
        writer.Write((ushort)length);
        writer.Flush();
        return bytes.ToArray();
    }

    /// <summary>Reads a frame's body; anything but a complete and exact one is a <see cref="HandshakeException"/>.</summary>
    internal static T Read<T>(byte[] body, Func<BinaryReader, T> read)
    {
        using var bytes = new MemoryStream(body);
        using var reader = new BinaryReader(bytes);
        try
        {
            T value = read(reader);
            return bytes.Position == bytes.Length ? value : throw new HandshakeException("It does not speak this ring's language.");
        }
        catch (Exception e) when (e is IOException or FormatException or ArgumentException)
        {
            throw new HandshakeException("It does not speak this ring's language.", e);
        }
    }

    private static byte[] Exactly(BinaryReader reader, int count)
    {
        byte[] bytes = reader.ReadBytes(count);
        return bytes.Length == count ? bytes : throw new EndOfStreamException();
    }
}
