using System.Formats.Tar;
using System.Text;
using System.Text.Json;
using ZstdSharp;

namespace Looped.Models.Tests.Data;

/// <summary>Writes an archive as OpenWebText2 is published, of paragraphs of the shipped corpus.</summary>
internal static class OpenWebText2Archive
{
    /// <summary>Paragraphs of the shipped corpus.</summary>
    public static string[] Documents(int count) =>
        [.. File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "data", "classics", "opticks.txt")).ReplaceLineEndings("\n").Split("\n\n")
            .Select(text => text.Trim('\n')).Where(text => text.Length > 40).Take(count)];

    /// <summary>One document as a line of a member.</summary>
    public static string Line(string text) => JsonSerializer.Serialize(new { text, meta = new { title = "Opticks", url = new[] { "https://example.org" } } }) + "\n";

    /// <summary>Writes documents into members of equal size.</summary>
    public static string Write(string path, IReadOnlyList<string> documents, int members = 3) =>
        WriteMembers(path, [.. documents.Chunk((documents.Count + members - 1) / members)
            .Select((some, i) => ($"2005-{i + 1:00}.jsonl.zst", Compress(string.Concat(some.Select(Line)))))]);

    /// <summary>Writes members of any content, after an entry for their folder.</summary>
    public static string WriteMembers(string path, params (string Name, byte[] Content)[] members)
    {
        using FileStream file = File.Create(path);
        using var archive = new TarWriter(file, TarEntryFormat.Pax);
        archive.WriteEntry(new PaxTarEntry(TarEntryType.Directory, "openwebtext2/"));
        foreach ((string name, byte[] content) in members)
            archive.WriteEntry(new PaxTarEntry(TarEntryType.RegularFile, "openwebtext2/" + name) { DataStream = new MemoryStream(content) });
        return path;
    }

    /// <summary>Compresses as two frames, which a decoder has to join.</summary>
    public static byte[] Compress(string text)
    {
        using var compressor = new Compressor();
        byte[] bytes = Encoding.UTF8.GetBytes(text);
        int half = bytes.Length / 2;
        return [.. compressor.Wrap(bytes.AsSpan(0, half)), .. compressor.Wrap(bytes.AsSpan(half))];
    }
}
