using System.Text.Json;
using System.Text.Json.Nodes;
using Looped.Models.Data.Preparation;
using Looped.Models.Recipes;

namespace Looped.Models.Data.Chat;

/// <summary>A problem and its solution; null where the row has none.</summary>
internal readonly record struct Problem(string? Question, string? Answer)
{
    /// <summary>Whether there is something to learn.</summary>
    public bool IsWhole => !string.IsNullOrWhiteSpace(Question) && !string.IsNullOrWhiteSpace(Answer);
}

/// <summary>Problems with their solutions, from the rows of JSONL and Parquet files. Read one after the other; no file is held in memory.</summary>
/// <param name="Files">The files.</param>
/// <param name="Question">Key or column of the problem.</param>
/// <param name="Answer">Key or column of the solution.</param>
internal sealed record ProblemFiles(IReadOnlyList<SourceFile> Files, string Question, string Answer)
{
    /// <summary>Every row, in order.</summary>
    /// <exception cref="LoopedException">A file cannot be read; the message says where.</exception>
    public IEnumerable<Problem> Read() => Files.SelectMany(file => file.Kind switch
    {
        SourceKind.JsonLines => ReadLines(file.Path),
        SourceKind.Parquet => ParquetRows.Values(file, [Question, Answer]).Select(row => new Problem(row[0], row[1])),
        _ => throw new UsageException($"{file.Path} is neither JSONL (.jsonl, .ndjson) nor Parquet (.parquet)."),
    });

    private IEnumerable<Problem> ReadLines(string path)
    {
        int number = 0;
        foreach (string line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line)) continue;
            JsonObject row = Parse(line, $"{path}, line {number}");
            yield return new Problem(Text(row, Question, $"{path}, line {number}"), Text(row, Answer, $"{path}, line {number}"));
        }
    }

    private static JsonObject Parse(string line, string place)
    {
        try
        {
            return JsonNode.Parse(line) as JsonObject ?? throw new LoopedException($"{place}: the line is no JSON object.");
        }
        catch (JsonException e)
        {
            throw new LoopedException($"{place}: it is not JSON (from byte {e.BytePositionInLine} on).", e);
        }
    }

    private static string? Text(JsonObject row, string key, string place)
    {
        if (!row.TryGetPropertyValue(key, out JsonNode? value))
            throw new UsageException($"{place}: there is no key '{key}'{Suggestions.DidYouMean(key, row.Select(p => p.Key))}; choose the keys with --problem and --solution.");
        return value is null ? null : value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : throw new LoopedException($"{place}: the value of '{key}' is no text.");
    }
}
