using System.Text.Json;
using System.Text.Unicode;
using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Data.Preparation;

/// <summary>
/// Documents that are JSON objects, one a line, with the text under one key: a JSONL file, or an archive of such. They are counted in a
/// first reading, because the split depends on their number. Lines that are blank, and documents of white space alone, are left out.
/// </summary>
internal static class JsonLines
{
    public static IEnumerable<Chunk> Chunks(SourceFile file, string key, DocumentSplit split, Action<SourceMeta> finished)
    {
        long documents = 0, before = 0;
        using (var counted = new SourceReader(file))
        {
            foreach (Line line in Lines(file, counted))
            {
                if (!line.IsBlank) documents++;
                if (counted.Position - before < Chunk.Size) continue;
                yield return Chunk.Nothing(counted.Position - before);
                before = counted.Position;
            }
            yield return Chunk.Nothing(file.Bytes - before);
        }

        Func<long, bool> isValidation = split.Of(documents);
        using var reader = new SourceReader(file);
        (List<Line> batch, int size, bool validation) = ([], 0, false);
        (documents, before) = (0, 0);
        foreach (Line line in Lines(file, reader).Where(line => !line.IsBlank))
        {
            bool next = isValidation(documents++);
            if (batch.Count > 0 && (next != validation || size >= Chunk.Size))
            {
                yield return Batch(key, batch, reader.Position - before, validation);
                (batch, size, before) = ([], 0, reader.Position);
            }
            batch.Add(line);
            (size, validation) = (size + line.Bytes.Length, next);
        }
        if (batch.Count > 0) yield return Batch(key, batch, 0, validation);
        reader.SkipRest();
        yield return Chunk.Nothing(file.Bytes - before);
        finished(reader.Finish());
    }

    private static IEnumerable<Line> Lines(SourceFile file, SourceReader reader) =>
        file.Kind == SourceKind.Archive ? DocumentArchive.Lines(file, reader) : LinesOf(file, reader);

    private static IEnumerable<Line> LinesOf(SourceFile file, SourceReader reader)
    {
        using var stream = new SourceStream(reader);
        var lines = new LineReader(stream, file.Path);
        while (lines.Next() is { } line) yield return line;
    }

    private static Chunk Batch(string key, List<Line> lines, long bytes, bool validation) => new(validation, bytes, HasText: true, tokenizer =>
    {
        var ids = new List<int>();
        foreach (Line line in lines)
        {
            string text = Text(key, line);
            if (string.IsNullOrWhiteSpace(text)) continue;
            ids.AddRange(Encode(line, text, tokenizer));
            if (tokenizer.EndOfDocument is { } end) ids.Add(end);
        }
        return [.. ids];
    });

    private static int[] Encode(Line line, string text, ITokenizer tokenizer)
    {
        try
        {
            return tokenizer.Encode(text);
        }
        catch (LoopedException e)
        {
            throw new LoopedException($"{line.Source}, line {line.Number}: {e.Message}", e);
        }
    }

    private static string Text(string key, Line line)
    {
        if (!Utf8.IsValid(line.Bytes)) throw SourceReader.NotUtf8(line.Source, line.Offset, line.Bytes);
        try
        {
            var reader = new Utf8JsonReader(line.Bytes);
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject) throw new JsonException("the line is no JSON object");
            string? text = null;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                bool wanted = reader.ValueTextEquals(key);
                reader.Read();
                if (!wanted) reader.Skip();
                else text = reader.TokenType == JsonTokenType.String ? reader.GetString() : throw new JsonException($"the value of '{key}' is no string");
            }
            // Reading on finds what is left after the object.
            while (reader.Read()) { }
            return text ?? throw new UsageException($"{line.Source}, line {line.Number}: the object has no '{key}'; choose the key with `--jsonl-key`");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new LoopedException($"{line.Source}, line {line.Number}: {Reason(e)}", e);
        }
    }

    /// <summary>The parser counts lines and bytes within our line; a person has the line's number already.</summary>
    private static string Reason(Exception e) => e is JsonException { BytePositionInLine: { } place } ? $"it is not JSON (from byte {place} on)" : e.Message;
}
