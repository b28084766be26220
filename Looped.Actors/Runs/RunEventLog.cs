using System.Text.Json;
using Looped.Actors.Supervision;
using Looped.Models;
using Looped.Models.Checkpoints;

namespace Looped.Actors.Runs;

/// <summary>
/// `events.jsonl` of a run folder: what happened, in the order in which it was told. Lines are never taken back: a run that goes on from
/// a checkpoint, or under another supervisor, appends.
/// </summary>
public static class RunEventLog
{
    /// <summary>Appends an event in one write, after ending a line that another process was torn from. If it cannot be written, no part of it stays.</summary>
    /// <exception cref="LoopedException">It cannot be written, for example because the disk is full.</exception>
    public static void Append(RunFolder run, RunEvent happened)
    {
        ArgumentNullException.ThrowIfNull(run);
        try
        {
            using FileStream file = new(run.Events, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
            bool torn = false;
            if (file.Length > 0)
            {
                file.Seek(-1, SeekOrigin.End);
                torn = file.ReadByte() != '\n';
            }
            byte[] line = [.. torn ? "\n"u8 : [], .. JsonSerializer.SerializeToUtf8Bytes(happened, RunJson.Line), (byte)'\n'];
            DurableFiles.AppendWhole(file, line);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw DurableFiles.Explain(e, $"{run.Events} cannot be written");
        }
    }

    /// <summary>Reads the events of a run that may be going on.</summary>
    /// <param name="run">The run; one without the file has no events.</param>
    /// <param name="unreadable">Lines that are torn or of another version of the program; they are passed over.</param>
    public static IReadOnlyList<RunEvent> Read(RunFolder run, out int unreadable)
    {
        ArgumentNullException.ThrowIfNull(run);
        unreadable = 0;
        var events = new List<RunEvent>();
        foreach (string line in StepLog.ReadTexts(run.Events))
        {
            try
            {
                events.Add(JsonSerializer.Deserialize<RunEvent>(line, RunJson.Line) ?? throw new JsonException("it is null"));
            }
            catch (JsonException)
            {
                unreadable++;
            }
        }
        return events;
    }
}
