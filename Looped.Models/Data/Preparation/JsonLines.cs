using System.Text.Json;
using System.Text.Unicode;
using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Data.Preparation;

/// <summary>
/// A JSONL file: every line is an object, one of its keys holds a document. The last tenth of the documents (at least one of two)
/// are for validation. Lines that are blank, and documents of white space alone, are left out.
/// </summary>
internal static class JsonLines
{
    public static IEnumerable<Chunk> Chunks(SourceFile file, string key, Action<SourceMeta> finished)
    {
        long documents = Count(file);
        long border = documents < 2 ? documents : documents - Math.Max(1, documents / 10);
        using var reader = new SourceReader(file);
        var lines = new LineReader(reader, file.Bytes);
        var batch = new List<Line>();
        int size = 0;
        long document = 0;
        while (lines.Next() is { } line)
        {
            if (batch.Count > 0 && (document == border || size >= Chunk.Size))
            {
                yield return Batch(file.Path, key, batch, size, validation: document > border);
                (batch, size) = ([], 0);
            }
            if (!line.IsBlank)
            {
                batch.Add(line);
                document++;
            }
            size += line.Bytes.Length + 1;
        }
        if (batch.Count > 0) yield return Batch(file.Path, key, batch, size, validation: document > border);
        finished(reader.Finish());
    }

    private static long Count(SourceFile file)
    {
        using var reader = new SourceReader(file);
        var lines = new LineReader(reader, file.Bytes);
        long documents = 0;
        while (lines.Next() is { } line) documents += line.IsBlank ? 0 : 1;
        return documents;
    }

    private static Chunk Batch(string path, string key, List<Line> lines, int size, bool validation) => new(validation, size, HasText: true, tokenizer =>
    {
        var ids = new List<int>();
        foreach (Line line in lines)
        {
            string text = Text(path, key, line);
            if (string.IsNullOrWhiteSpace(text)) continue;
            ids.AddRange(Encode(path, line, text, tokenizer));
            if (tokenizer.EndOfDocument is { } end) ids.Add(end);
        }
        return [.. ids];
    });

    private static int[] Encode(string path, Line line, string text, ITokenizer tokenizer)
    {
        try
        {
            return tokenizer.Encode(text);
        }
        catch (LoopedException e)
        {
            throw new LoopedException($"{path}, line {line.Number}: {e.Message}", e);
        }
    }

    private static string Text(string path, string key, Line line)
    {
        if (!Utf8.IsValid(line.Bytes)) throw SourceReader.NotUtf8(path, line.Offset, line.Bytes);
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
            return text ?? throw new JsonException($"the object has no '{key}'; choose the key with `--jsonl-key`");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new LoopedException($"{path}, line {line.Number}: {e.Message}", e);
        }
    }
}
