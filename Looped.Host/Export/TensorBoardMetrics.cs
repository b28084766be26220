using System.Buffers.Binary;
using System.Numerics;
using System.Text;

namespace Looped.Host.Export;

/// <summary>
/// A run's numbers as a TensorBoard event file: TFRecords (length and data, each with a masked CRC-32C) of `Event` messages, written by
/// hand because a scalar needs only seven of their fields. Sources: tensorflow/core/util/event.proto, framework/summary.proto,
/// lib/io/record_writer.h.
/// </summary>
internal static class TensorBoardMetrics
{
    /// <summary>The name by which TensorBoard knows the file; always the same, so that a later export replaces an earlier one.</summary>
    public const string FileName = "events.out.tfevents.0.looped";

    private const string Train = "train/", Evaluation = "validation_";

    /// <summary>Writes the file's bytes.</summary>
    /// <param name="table">The numbers.</param>
    /// <param name="end">When the last step was committed; the times before follow from the steps' durations, which is all that is known.</param>
    public static byte[] Write(MetricTable table, DateTimeOffset end)
    {
        var file = new MemoryStream();
        double[] times = WallTimes(table, end.ToUnixTimeMilliseconds() / 1000.0);
        var first = new ProtoWriter();
        first.Double(1, times[0]);
        first.Text(3, "brain.Event:2");
        Record(file, first.Bytes);
        foreach ((int i, MetricRow row) in table.Rows.Index())
        {
            var summary = new ProtoWriter();
            foreach (string column in table.Columns)
            {
                if (row.Number(column) is not { } number) continue;
                var value = new ProtoWriter();
                value.Text(1, Tag(column));
                value.Float(2, (float)number);
                summary.Message(1, value.Bytes);
            }
            var happened = new ProtoWriter();
            happened.Double(1, times[i]);
            happened.Integer(2, row.Step);
            happened.Message(5, summary.Bytes);
            Record(file, happened.Bytes);
        }
        return file.ToArray();
    }

    /// <summary>The tag under which TensorBoard shows a column.</summary>
    public static string Tag(string column) => column.StartsWith(Evaluation, StringComparison.Ordinal) ? "validation/" + column[Evaluation.Length..] : Train + column;

    /// <summary>CRC-32C as TFRecords have it: rotated and shifted, so that a checksum of checksums is none.</summary>
    public static uint MaskedCrc(ReadOnlySpan<byte> data)
    {
        uint crc = uint.MaxValue;
        foreach (byte b in data) crc = BitOperations.Crc32C(crc, b);
        return BitOperations.RotateRight(~crc, 15) + 0xa282ead8;
    }

    private static double[] WallTimes(MetricTable table, double end)
    {
        var times = new double[table.Rows.Count];
        for (int i = times.Length - 1; i >= 0; i--)
        {
            times[i] = end;
            double seconds = (table.Rows[i].Number("seconds") ?? 0) + (table.Rows[i].Number("stall_seconds") ?? 0);
            if (double.IsFinite(seconds)) end -= seconds;
        }
        return times;
    }

    private static void Record(Stream file, ReadOnlySpan<byte> data)
    {
        Span<byte> number = stackalloc byte[12];
        BinaryPrimitives.WriteUInt64LittleEndian(number, (ulong)data.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(number[8..], MaskedCrc(number[..8]));
        file.Write(number);
        file.Write(data);
        BinaryPrimitives.WriteUInt32LittleEndian(number, MaskedCrc(data));
        file.Write(number[..4]);
    }

    /// <summary>The four kinds of fields that are needed of Protocol Buffers' wire format.</summary>
    private sealed class ProtoWriter
    {
        private readonly MemoryStream _bytes = new();

        public ReadOnlySpan<byte> Bytes => _bytes.GetBuffer().AsSpan(0, (int)_bytes.Length);

        public void Integer(int field, long value)
        {
            Varint((ulong)field << 3);
            Varint((ulong)value);
        }

        public void Double(int field, double value)
        {
            Varint((ulong)field << 3 | 1);
            _bytes.Write(BitConverter.GetBytes(value));
        }

        public void Float(int field, float value)
        {
            Varint((ulong)field << 3 | 5);
            _bytes.Write(BitConverter.GetBytes(value));
        }

        public void Text(int field, string text) => Message(field, Encoding.UTF8.GetBytes(text));

        public void Message(int field, ReadOnlySpan<byte> content)
        {
            Varint((ulong)field << 3 | 2);
            Varint((ulong)content.Length);
            _bytes.Write(content);
        }

        private void Varint(ulong value)
        {
            for (; value >= 0x80; value >>= 7) _bytes.WriteByte((byte)(value | 0x80));
            _bytes.WriteByte((byte)value);
        }
    }
}
