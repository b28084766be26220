namespace Looped.Actors.Collectives.Ring;

/// <summary>What neighbours tell each other beside the data.</summary>
internal abstract record BeaconFrame
{
    private const byte BeatKind = 1, GoodbyeKind = 2, AbortKind = 3;

    /// <summary>This rank lives.</summary>
    /// <param name="MicroBatches">Micro-batches it has done.</param>
    /// <param name="Pulse">What it is at.</param>
    public sealed record Beat(long MicroBatches, RankPulse Pulse) : BeaconFrame;

    /// <summary>This rank needs the ring no more.</summary>
    public sealed record Goodbye : BeaconFrame;

    /// <summary>The ring is broken.</summary>
    public sealed record Abort(Breakage Breakage) : BeaconFrame;

    /// <summary>The frame with its length in front.</summary>
    public byte[] Write() => Handshake.Frame(writer =>
    {
        switch (this)
        {
            case Beat beat:
                writer.Write(BeatKind);
                writer.Write(beat.MicroBatches);
                writer.Write((byte)beat.Pulse);
                break;
            case Goodbye:
                writer.Write(GoodbyeKind);
                break;
            case Abort { Breakage: var breakage }:
                writer.Write(AbortKind);
                writer.Write(Handshake.Shorten(breakage.Message));
                writer.Write((byte)Math.Min(breakage.Lost.Count, 64));
                foreach (int rank in breakage.Lost.Take(64)) writer.Write(rank);
                break;
        }
    });

    public static BeaconFrame Read(byte[] body) => Handshake.Read<BeaconFrame>(body, reader =>
    {
        switch (reader.ReadByte())
        {
            case BeatKind:
                return new Beat(reader.ReadInt64(), (RankPulse)reader.ReadByte());
            case GoodbyeKind:
                return new Goodbye();
            case AbortKind:
                string message = reader.ReadString();
                int[] lost = new int[reader.ReadByte()];
                for (int i = 0; i < lost.Length; i++) lost[i] = reader.ReadInt32();
                return new Abort(new Breakage(message, lost));
            default:
                throw new HandshakeException("An unknown sign.");
        }
    });
}
