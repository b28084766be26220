using System.Buffers.Binary;
using System.Text;

namespace Looped.Models.Native;

/// <summary>
/// Edits the symbol-version requirements of a 64-bit little-endian ELF image in memory.
/// Layout: the System V gABI, chapters "Program Header" and "Dynamic Linking", and the LSB section "Symbol Versioning".
/// </summary>
internal static class ElfVersions
{
    private const int ProgramHeaderOffset = 32, ProgramHeaderEntrySize = 54, ProgramHeaderCount = 56;
    private const uint SegmentLoad = 1, SegmentDynamic = 2;
    private const ulong TagStringTable = 5, TagVersionNeed = 0x6ffffffe, TagVersionNeedCount = 0x6fffffff;
    private const ushort FlagWeak = 2;

    private readonly record struct Segment(ulong FileOffset, ulong Address, ulong FileSize);

    /// <summary>
    /// Marks every requirement of <paramref name="version"/> as weak, so that a dynamic loader whose libraries lack it carries on.
    /// </summary>
    /// <param name="image">The whole file; changed in place.</param>
    /// <param name="version">A symbol version such as <c>GLIBCXX_3.4.32</c>.</param>
    /// <returns>How many requirements were changed; 0, with the image untouched, for anything that is not such a file.</returns>
    public static int MakeWeak(Span<byte> image, string version)
    {
        try
        {
            return Mark(image, Encoding.ASCII.GetBytes(version));
        }
        catch (ArgumentOutOfRangeException)
        {
            // A truncated or malformed file: every read is bounds-checked by the span, and nothing was written before this one failed.
            return 0;
        }
    }

    private static int Mark(Span<byte> image, byte[] version)
    {
        if (image.Length < 64 || !image[..6].SequenceEqual((ReadOnlySpan<byte>)[0x7f, (byte)'E', (byte)'L', (byte)'F', 2, 1])) return 0;

        var loads = new List<Segment>();
        Segment? dynamic = null;
        ulong table = U64(image, ProgramHeaderOffset);
        int entrySize = U16(image, ProgramHeaderEntrySize), count = U16(image, ProgramHeaderCount);
        for (int i = 0; i < count; i++)
        {
            ulong header = table + (ulong)(i * entrySize);
            var segment = new Segment(U64(image, header + 8), U64(image, header + 16), U64(image, header + 32));
            uint kind = U32(image, header);
            if (kind == SegmentLoad) loads.Add(segment);
            if (kind == SegmentDynamic) dynamic = segment;
        }
        if (dynamic is not { } section) return 0;

        ulong strings = 0, needs = 0, needCount = 0;
        for (ulong at = section.FileOffset; at + 16 <= section.FileOffset + section.FileSize; at += 16)
        {
            ulong value = U64(image, at + 8);
            switch (U64(image, at))
            {
                case TagStringTable: strings = value; break;
                case TagVersionNeed: needs = value; break;
                case TagVersionNeedCount: needCount = value; break;
            }
        }
        if (ToOffset(loads, strings) is not { } stringOffset || ToOffset(loads, needs) is not { } need) return 0;

        var found = new List<ulong>();
        for (ulong i = 0; i < needCount; i++)
        {
            ulong entry = need + U32(image, need + 8);
            for (int j = 0, n = U16(image, need + 2); j < n; j++)
            {
                if (NameIs(image, stringOffset + U32(image, entry + 8), version)) found.Add(entry + 4);
                entry += U32(image, entry + 12);
            }
            need += U32(image, need + 12);
        }
        foreach (ulong flags in found)
            BinaryPrimitives.WriteUInt16LittleEndian(image.Slice((int)flags, 2), (ushort)(U16(image, flags) | FlagWeak));
        return found.Count;
    }

    private static ulong? ToOffset(List<Segment> loads, ulong address)
    {
        foreach (Segment s in loads)
            if (address >= s.Address && address - s.Address < s.FileSize) return address - s.Address + s.FileOffset;
        return null;
    }

    private static bool NameIs(ReadOnlySpan<byte> image, ulong at, byte[] name) =>
        Slice(image, at, name.Length + 1) is var bytes && bytes[..^1].SequenceEqual(name) && bytes[^1] == 0;

    private static ReadOnlySpan<byte> Slice(ReadOnlySpan<byte> image, ulong at, int length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(at, (ulong)image.Length);
        return image.Slice((int)at, length);
    }

    private static ushort U16(ReadOnlySpan<byte> image, ulong at) => BinaryPrimitives.ReadUInt16LittleEndian(Slice(image, at, 2));

    private static uint U32(ReadOnlySpan<byte> image, ulong at) => BinaryPrimitives.ReadUInt32LittleEndian(Slice(image, at, 4));

    private static ulong U64(ReadOnlySpan<byte> image, ulong at) => BinaryPrimitives.ReadUInt64LittleEndian(Slice(image, at, 8));
}
