using System.Formats.Tar;
using ZstdSharp;
using ZstdSharp.Unsafe;

namespace Looped.Models.Data.Preparation;

/// <summary>
/// A tar of zstandard-compressed JSONL files, which is how OpenWebText2 is published. It is read as a stream: neither the archive nor a
/// member is ever held whole.
/// </summary>
internal static class DocumentArchive
{
    /// <summary>Members compressed with a window beyond zstandard's default limit (`--long`, `--ultra`) are read too.</summary>
    private const int LargestWindow = 31;

    /// <summary>The lines of all members, in the order of the archive.</summary>
    /// <exception cref="LoopedException">It is no such archive, or damaged.</exception>
    public static IEnumerable<Line> Lines(SourceFile file, SourceReader reader)
    {
        using var stream = new SourceStream(reader);
        using var archive = new TarReader(stream, leaveOpen: true);
        int members = 0;
        while (NextMember(archive, file) is { } member)
        {
            members++;
            string source = $"{file.Path}, member {member.Name}";
            using var text = new DecompressionStream(member.DataStream ?? Stream.Null, leaveOpen: true);
            text.SetParameter(ZSTD_dParameter.ZSTD_d_windowLogMax, LargestWindow);
            var lines = new LineReader(text, source);
            while (NextLine(lines, source) is { } line) yield return line;
        }
        if (members == 0) throw new LoopedException($"{file.Path} has no files in it; name a tar of zstandard-compressed JSONL files.");
    }

    private static TarEntry? NextMember(TarReader archive, SourceFile file)
    {
        try
        {
            TarEntry? entry = archive.GetNextEntry();
            while (entry is not null && entry.EntryType is not (TarEntryType.RegularFile or TarEntryType.V7RegularFile)) entry = archive.GetNextEntry();
            return entry;
        }
        catch (EndOfStreamException e)
        {
            throw new LoopedException($"{file.Path} is not a tar, or is cut short; copy it again, and name the archive as it was published (.jsonl.zst.tar).", e);
        }
        catch (Exception e) when (e is InvalidDataException or FormatException)
        {
            throw new LoopedException($"{file.Path} is not a tar; name the archive as it was published (.jsonl.zst.tar).", e);
        }
    }

    private static Line? NextLine(LineReader lines, string source)
    {
        try
        {
            return lines.Next();
        }
        catch (ZstdException e)
        {
            throw new LoopedException($"{source}: it is not zstandard-compressed, or damaged ({e.Message}); copy the archive again, or leave the member out.", e);
        }
        catch (EndOfStreamException e)
        {
            throw new LoopedException($"{source}: it is cut short; copy the archive again.", e);
        }
    }
}
