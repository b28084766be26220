using System.Buffers.Binary;
using System.Text;

namespace Looped.Host.Tests.Export;

/// <summary>Reads TensorBoard event files for tests: every checksum compared, with a CRC of its own.</summary>
internal static class EventFile
{
    /// <summary>An event: its version text, or its scalars.</summary>
    public sealed record Event(double WallTime, long Step, string? Version, IReadOnlyDictionary<string, float> Scalars);

    public static IReadOnlyList<Event> Read(byte[] file)
    {
        var events = new List<Event>();
        for (int at = 0; at < file.Length;)
        {
            int length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(at)));
            Assert.Equal(Masked(file.AsSpan(at, 8)), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 8)));
            ReadOnlySpan<byte> data = file.AsSpan(at + 12, length);
            Assert.Equal(Masked(data), BinaryPrimitives.ReadUInt32LittleEndian(file.AsSpan(at + 12 + length)));
            events.Add(Parse(data));
            at += 16 + length;
        }
        return events;
    }

    private static Event Parse(ReadOnlySpan<byte> data)
    {
        var (wall, step, version, scalars) = (0.0, 0L, (string?)null, new Dictionary<string, float>());
        foreach ((int field, byte[] value) in Fields(data))
        {
            switch (field)
            {
                case 1: wall = BitConverter.ToDouble(value); break;
                case 2: step = BitConverter.ToInt64(value); break;
                case 3: version = Encoding.UTF8.GetString(value); break;
                case 5:
                    foreach ((_, byte[] scalar) in Fields(value))
                    {
                        Dictionary<int, byte[]> parts = Fields(scalar).ToDictionary(f => f.Field, f => f.Value);
                        scalars.Add(Encoding.UTF8.GetString(parts[1]), BitConverter.ToSingle(parts[2]));
                    }
                    break;
                default: Assert.Fail($"unknown field {field}"); break;
            }
        }
        return new(wall, step, version, scalars);
    }

    private static List<(int Field, byte[] Value)> Fields(ReadOnlySpan<byte> message)
    {
        var fields = new List<(int, byte[])>();
        int at = 0;
        while (at < message.Length)
        {
            ulong key = Varint(message, ref at);
            byte[] value;
            switch (key & 7)
            {
                case 0: value = BitConverter.GetBytes(Varint(message, ref at)); break;
                case 1: value = message.Slice(at, 8).ToArray(); at += 8; break;
                case 2:
                    int length = (int)Varint(message, ref at);
                    value = message.Slice(at, length).ToArray();
                    at += length;
                    break;
                case 5: value = message.Slice(at, 4).ToArray(); at += 4; break;
                default: throw new FormatException($"wire type {key & 7}");
            }
            fields.Add(((int)(key >> 3), value));
        }
        return fields;
    }

    private static ulong Varint(ReadOnlySpan<byte> message, ref int at)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte b = message[at++];
            value |= (ulong)(b & 0x7f) << shift;
            if (b < 0x80) return value;
        }
    }

    /// <summary>Bit by bit, polynomial 0x1EDC6F41 reflected.</summary>
    public static uint Crc32C(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in data)
        {
            crc ^= b;
            for (int bit = 0; bit < 8; bit++) crc = (crc & 1) == 1 ? crc >> 1 ^ 0x82F63B78 : crc >> 1;
        }
        return ~crc;
    }

    private static uint Masked(ReadOnlySpan<byte> data)
    {
        uint crc = Crc32C(data);
        return unchecked((crc >> 15 | crc << 17) + 0xa282ead8);
    }
}
