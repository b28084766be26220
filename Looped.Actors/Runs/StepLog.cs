using System.Text;
using System.Text.Json;
using Looped.Models;
using Looped.Models.Checkpoints;

namespace Looped.Actors.Runs;

/// <summary>
/// Logs of a run in JSON lines, keyed by step: `metrics.jsonl`, `steps.jsonl`, `evaluations.jsonl`. A step that was computed twice may
/// have two lines; the last counts. A last line without its line end was torn off by the end of a process.
/// </summary>
public static class StepLog
{
    /// <summary>Opens a log to append to, as the only writer: removes a torn last line and the lines above the last committed step.</summary>
    /// <param name="path">The file; made if it is missing.</param>
    /// <param name="committed">Steps committed; the next line will be of a later step.</param>
    /// <exception cref="LoopedException">A line in the file is malformed, or the file cannot be written.</exception>
    public static StepLog<T> Open<T>(string path, long committed) where T : IStepRecord
    {
        try
        {
            long last = File.Exists(path) ? CutAbove(path, committed) : 0;
            return new StepLog<T>(path) { Last = last };
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DurableFiles.Explain(e, $"{path} cannot be written");
        }
    }

    /// <summary>Reads a log, also one that is still being written.</summary>
    /// <param name="path">The file; one that is missing has no lines.</param>
    /// <returns>A record for each step, in the order of the steps.</returns>
    /// <exception cref="LoopedException">A line is malformed; the message has its number.</exception>
    public static IReadOnlyList<T> Read<T>(string path) where T : IStepRecord
    {
        var records = new SortedDictionary<long, T>();
        foreach ((string text, int number) in WholeLines(path))
        {
            T record = Parse<T>(path, text, number);
            records[record.Step] = record;
        }
        return [.. records.Values];
    }

    /// <summary>Every whole line of a log in the order of the file, one at a time; a step may come twice.</summary>
    /// <param name="path">The file; one that is missing has no lines.</param>
    /// <exception cref="LoopedException">A line is malformed; the message has its number.</exception>
    public static IEnumerable<T> ReadLines<T>(string path) where T : IStepRecord => WholeLines(path).Select(line => Parse<T>(path, line.Text, line.Number));

    /// <summary>The texts of whole lines.</summary>
    /// <param name="path">The file; one that is missing has no lines.</param>
    /// <param name="last">How many bytes at its end to look at; a line that begins before is left out.</param>
    internal static IEnumerable<string> ReadTexts(string path, long last = long.MaxValue) => WholeLines(path, last).Select(line => line.Text);

    /// <returns>The highest step that is left.</returns>
    private static long CutAbove(string path, long committed)
    {
        var kept = new StringBuilder();
        bool prefix = true, cut = false;
        long last = 0;
        foreach ((string text, int number) in WholeLines(path))
        {
            long step = Parse<AnyRecord>(path, text, number).Step;
            cut |= step > committed;
            if (step > committed) continue;
            prefix &= !cut;
            last = Math.Max(last, step);
            kept.Append(text).Append('\n');
        }
        byte[] bytes = Encoding.UTF8.GetBytes(kept.ToString());
        if (bytes.Length == new FileInfo(path).Length) return last;
        // What is too much nearly always stands at the end. To shorten a file takes no room, which a full disk would not have.
        if (prefix) Shorten(path, bytes.Length);
        else DurableFiles.WriteAtomically(path, bytes);
        return last;
    }

    private static void Shorten(string path, long length)
    {
        using FileStream file = new(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        file.SetLength(length);
    }

    private static IEnumerable<(string Text, int Number)> WholeLines(string path, long last = long.MaxValue)
    {
        if (!File.Exists(path)) yield break;
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using StreamReader reader = new(file);
        if (file.Length > last)
        {
            file.Seek(-last, SeekOrigin.End);
            reader.ReadLine();
        }
        int number = 0;
        string? before = null;
        while (reader.ReadLine() is { } line)
        {
            if (before is not null) yield return (before, ++number);
            before = line;
        }
        if (before is null) yield break;
        // Only the last line can be torn, or not be finished yet: then it does not end with a line end.
        file.Seek(-1, SeekOrigin.Current);
        if (file.ReadByte() == '\n') yield return (before, ++number);
    }

    private static T Parse<T>(string path, string text, int number)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(text, RunJson.Line) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new LoopedException($"{path}, line {number} is malformed ({e.Message}). Remove that line, or restore the file.", e);
        }
    }

    private sealed record AnyRecord(long Step);
}

/// <summary>A log open for appending; see <see cref="StepLog"/>.</summary>
public sealed class StepLog<T> : IDisposable where T : IStepRecord
{
    private readonly FileStream _file;
    private readonly string _path;

    internal StepLog(string path)
    {
        _path = path;
        _file = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
    }

    /// <summary>The highest step in the file when it was opened; 0 if it had none.</summary>
    public long Last { get; internal init; }

    /// <summary>Appends a line in one write, at once visible to readers. If it cannot be written, no part of it stays in the file.</summary>
    /// <exception cref="LoopedException">It cannot be written, for example because the disk is full.</exception>
    public void Append(T record)
    {
        byte[] line = [.. JsonSerializer.SerializeToUtf8Bytes(record, RunJson.Line), (byte)'\n'];
        try
        {
            DurableFiles.AppendWhole(_file, line);
        }
        catch (IOException e)
        {
            throw DurableFiles.Explain(e, $"{_path} cannot be written");
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();
}
