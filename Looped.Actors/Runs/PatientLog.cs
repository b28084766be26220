using Looped.Models;

namespace Looped.Actors.Runs;

/// <summary>
/// A step log that a full disk does not stop: lines that cannot be written wait in memory, and are written in order once there is room. Beyond
/// <see cref="Most"/> the oldest are given up.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="committed">Steps committed when recording begins: lines above are cut.</param>
/// <param name="known">Records of steps up to there, ascending; those that the file lacks at its end are written first.</param>
internal sealed class PatientLog<T>(string path, long committed, IEnumerable<T> known) : IDisposable where T : IStepRecord
{
    /// <summary>How many lines may wait: a few megabytes.</summary>
    public const int Most = 10_000;

    private readonly Queue<T> _waiting = new();
    private StepLog<T>? _log;

    /// <summary>Lines that wait.</summary>
    public IReadOnlyCollection<T> Waiting => _waiting;

    /// <summary>Lines that were given up.</summary>
    public int GivenUp { get; private set; }

    /// <summary>Adds a line to those that wait.</summary>
    public void Add(T record)
    {
        _waiting.Enqueue(record);
        if (_waiting.Count <= Most) return;
        _waiting.Dequeue();
        GivenUp++;
    }

    /// <summary>Writes what waits.</summary>
    /// <returns>Why it could not be written; null if it was.</returns>
    /// <exception cref="LoopedException">The file is malformed, which no waiting mends.</exception>
    public string? Flush()
    {
        try
        {
            _log ??= Open();
            while (_waiting.TryPeek(out T? next))
            {
                _log.Append(next);
                _waiting.Dequeue();
            }
            return null;
        }
        catch (LoopedException e) when (e.InnerException is IOException or UnauthorizedAccessException)
        {
            return e.Message;
        }
    }

    /// <summary>Lets go of the file; what waits goes on waiting.</summary>
    public void Close()
    {
        _log?.Dispose();
        _log = null;
    }

    private StepLog<T> Open()
    {
        StepLog<T> log = StepLog.Open<T>(path, committed);
        T[] waiting = [.. _waiting];
        _waiting.Clear();
        foreach (T record in known.SkipWhile(r => r.Step <= log.Last).Concat(waiting)) _waiting.Enqueue(record);
        return log;
    }

    /// <inheritdoc/>
    public void Dispose() => Close();
}
