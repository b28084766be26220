using Looped.Models.Data.Tokenizers;
using Looped.Models.Recipes;
using Parquet;
using Parquet.Schema;

namespace Looped.Models.Data.Preparation;

/// <summary>
/// Documents that are the rows of a Parquet file, with the text in one column. Row groups are read one after the other, each whole, and of each
/// the text's column alone. Rows without a text, or with white space alone, are left out.
/// </summary>
internal static class ParquetRows
{
    public static IEnumerable<Chunk> Chunks(SourceFile file, string column, DocumentSplit split, Action<SourceMeta> finished)
    {
        using FileStream stream = Open(file);
        ParquetReader reader = Decode(file, () => ParquetReader.CreateAsync(stream).GetAwaiter().GetResult());
        DataField field = Find(file, reader, column);
        long rows = reader.RowGroups.Sum(g => g.RowCount), row = 0, told = 0;
        Func<long, bool> isValidation = split.Of(rows);
        for (int group = 0; group < reader.RowGroupCount; group++)
        {
            string?[] texts = Decode(file, () => Read(reader, group, field));
            for (int first = 0, next; first < texts.Length; first = next)
            {
                bool validation = isValidation(row + first);
                int size = 0;
                for (next = first; next < texts.Length && size < Chunk.Size && isValidation(row + next) == validation; next++) size += texts[next]?.Length ?? 0;
                long done = (long)(file.Bytes * ((row + next) / (double)rows));
                yield return Batch(file, texts.AsMemory(first..next), row + first, done - told, validation);
                told = done;
            }
            row += texts.Length;
        }
        yield return Chunk.Nothing(file.Bytes - told);

        // The rows lie scattered in the file; its hash wants it from beginning to end.
        using var whole = new SourceReader(file);
        var buffer = new byte[8 * Chunk.Size];
        while (whole.Read(buffer) is > 0 and int read) yield return Chunk.Nothing(read);
        finished(whole.Finish());
    }

    /// <summary>Some columns of every row, row group by row group.</summary>
    public static IEnumerable<string?[]> Values(SourceFile file, IReadOnlyList<string> columns)
    {
        using FileStream stream = Open(file);
        ParquetReader reader = Decode(file, () => ParquetReader.CreateAsync(stream).GetAwaiter().GetResult());
        DataField[] fields = [.. columns.Select(c => Find(file, reader, c))];
        for (int group = 0; group < reader.RowGroupCount; group++)
        {
            string?[][] values = [.. fields.Select(f => Decode(file, () => Read(reader, group, f)))];
            for (int row = 0; row < values[0].Length; row++) yield return [.. values.Select(v => v[row])];
        }
    }

    private static FileStream Open(SourceFile file)
    {
        try
        {
            return File.OpenRead(file.Path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LoopedException($"{file.Path} cannot be read: {e.Message}", e);
        }
    }

    private static DataField Find(SourceFile file, ParquetReader reader, string column)
    {
        DataField[] columns = [.. reader.Schema.GetDataFields().Where(f => f.Path.Length == 1)];
        string[] names = [.. columns.Where(IsText).Select(f => f.Name)];
        string choice = names.Length == 0 ? "it has no column of text" : $"columns of text: {string.Join(", ", names)}; choose one with `--column`";
        return columns.FirstOrDefault(f => f.Name == column) switch
        {
            { } found when IsText(found) => found,
            { } other => throw new UsageException($"{file.Path}: the column '{column}' holds {Describe(other)}, not text ({choice})"),
            null => throw new UsageException($"{file.Path}: there is no column '{column}'{Suggestions.DidYouMean(column, names)} ({choice})"),
        };
    }

    private static bool IsText(DataField field) => field.ClrType == typeof(ReadOnlyMemory<char>) && field.MaxRepetitionLevel == 0;

    private static string Describe(DataField field) =>
        field.MaxRepetitionLevel > 0 ? "lists" : field.ClrType == typeof(ReadOnlyMemory<byte>) ? "bytes" : field.ClrType.Name;

    private static string?[] Read(ParquetReader reader, int group, DataField field)
    {
        using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
        var texts = new string?[rows.RowCount];
        rows.ReadAsync(field, texts.AsMemory()).AsTask().GetAwaiter().GetResult();
        return texts;
    }

    private static Chunk Batch(SourceFile file, ReadOnlyMemory<string?> texts, long first, long bytes, bool validation) => new(validation, bytes, HasText: true, tokenizer =>
    {
        var ids = new List<int>();
        for (int i = 0; i < texts.Length; i++)
        {
            if (texts.Span[i] is not { } text || string.IsNullOrWhiteSpace(text)) continue;
            ids.AddRange(Encode(file, first + i, text, tokenizer));
            if (tokenizer.EndOfDocument is { } end) ids.Add(end);
        }
        return [.. ids];
    });

    private static int[] Encode(SourceFile file, long row, string text, ITokenizer tokenizer)
    {
        try
        {
            return tokenizer.Encode(text);
        }
        catch (LoopedException e)
        {
            throw new LoopedException($"{file.Path}, row {row + 1}: {e.Message}", e);
        }
    }

    private static T Decode<T>(SourceFile file, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (e is not (LoopedException or OutOfMemoryException))
        {
            throw new LoopedException($"{file.Path} is not a Parquet file, or damaged ({e.Message.TrimEnd('.')}); copy it again.", e);
        }
    }
}
