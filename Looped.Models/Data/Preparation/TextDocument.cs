using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Data.Preparation;

/// <summary>
/// A text file: the first nine tenths are a document for training, the rest one for validation. The border is the first line that
/// begins after nine tenths of the bytes (or word, where no line ends nearby), so it depends on the file alone.
/// </summary>
internal static class TextDocument
{
    private const int Nearby = 1 << 16;
    private static readonly byte[] Mark = [0xEF, 0xBB, 0xBF];

    public static IEnumerable<Chunk> Chunks(SourceFile file, ITokenizer tokenizer, Action<SourceMeta> finished)
    {
        long border = Border(file);
        using var reader = new SourceReader(file);
        SkipMark(file, reader);
        foreach ((bool validation, long end) in new[] { (false, border), (true, file.Bytes) })
        {
            var blocks = new Utf8BlockReader(reader, file.Path, end, tokenizer, Chunk.Size);
            long before = reader.Position;
            for (string? text = blocks.Next(); text is not null;)
            {
                string? next = blocks.Next();
                yield return Piece(validation, reader.Position - before, text, last: next is null);
                (text, before) = (next, reader.Position);
            }
        }
        finished(reader.Finish());
    }

    private static Chunk Piece(bool validation, long bytes, string text, bool last) => new(validation, bytes, !string.IsNullOrWhiteSpace(text), tokenizer =>
    {
        int[] ids = tokenizer.Encode(text);
        return last && tokenizer.EndOfDocument is { } end ? [.. ids, end] : ids;
    });

    /// <summary>The byte at which validation begins.</summary>
    internal static long Border(SourceFile file)
    {
        long target = file.Bytes - file.Bytes / 10;
        if (target == file.Bytes) return file.Bytes;
        using var reader = new SourceReader(file);
        // From the byte before, because a line may begin right at the target.
        return target - 1 + FindBorder(reader.ReadAt(target - 1, (int)Math.Min(Nearby, file.Bytes - target + 1)));
    }

    private static int FindBorder(ReadOnlySpan<byte> rest)
    {
        // At most half of what is there, so that validation keeps at least a twentieth of a small file.
        ReadOnlySpan<byte> near = rest[..(rest.Length / 2)];
        if (near.IndexOf((byte)'\n') is var line and >= 0) return line + 1;
        if (near[Math.Min(1, near.Length)..].IndexOf((byte)' ') is var word and >= 0) return word + 1;
        int border = 1;
        while (border < rest.Length && (rest[border] & 0xC0) == 0x80) border++;
        return border;
    }

    /// <summary>A byte-order mark says how the text is written and is no part of it.</summary>
    private static void SkipMark(SourceFile file, SourceReader reader)
    {
        if (file.Bytes >= Mark.Length && reader.ReadAt(0, Mark.Length).AsSpan().SequenceEqual(Mark)) reader.Read(new byte[Mark.Length], Mark.Length);
    }
}
