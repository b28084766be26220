using Looped.Actors.Checkpointing;
using Looped.Models;

namespace Looped.Actors.Supervision;

/// <summary>Gives the events of <see cref="RunStory"/> the time of day and hands them on. Used by the supervisor alone, in its own thread.</summary>
/// <param name="term">The supervisor's term.</param>
/// <param name="record">Where events go.</param>
/// <param name="warn">Told if an event cannot be kept, once until that is possible again; the run does not depend on it.</param>
/// <param name="time">The time of day.</param>
internal sealed class Storyteller(long term, Action<RunEvent> record, Action<string> warn, TimeProvider time)
{
    private const int RecentKept = 20;

    private readonly Queue<RunEvent> _recent = new();
    private RunStory _story = new();
    private bool _warned;

    /// <summary>The latest events, the newest last.</summary>
    public IReadOnlyList<RunEvent> Recent => [.. _recent];

    /// <summary>The supervisor took the run up.</summary>
    public void Started() => Tell([new(RunEventKind.Started, 0)]);

    /// <summary>The supervisor decided.</summary>
    public void Decided(SupervisorState before, SupervisorState after, TimeSpan now)
    {
        var events = new List<RunEvent>();
        _story = _story.Decided(before, after, now, events);
        Tell(events);
    }

    /// <summary>A step was committed.</summary>
    public void Committed(StepCommitted step, TimeSpan now)
    {
        var events = new List<RunEvent>();
        _story = _story.Committed(step.Report, now, events);
        Tell(events);
    }

    /// <summary>A checkpoint is durable.</summary>
    public void Written(CheckpointWritten checkpoint) => Tell([_story.Written(checkpoint)]);

    /// <summary>A checkpoint could not be written.</summary>
    public void Failed(CheckpointFailed checkpoint) => Tell([new(RunEventKind.CheckpointFailed, checkpoint.Step) { Reason = checkpoint.Error }]);

    /// <summary>A worker was turned away.</summary>
    public void Refused(string worker, string reason) => Tell([new(RunEventKind.Refused, _story.Step) { Worker = worker, Reason = reason }]);

    private void Tell(IReadOnlyList<RunEvent> events)
    {
        RunEvent[] told = [.. events.Select(happened => happened with { Time = Milliseconds(time.GetUtcNow()), Term = happened.Term ?? term })];
        foreach (RunEvent happened in told)
        {
            _recent.Enqueue(happened);
            if (_recent.Count > RecentKept) _recent.Dequeue();
        }
        foreach (RunEvent happened in told) Record(happened);
    }

    private void Record(RunEvent happened)
    {
        try
        {
            record(happened);
            _warned = false;
        }
        catch (LoopedException e)
        {
            if (!_warned) warn($"warning: {e.Message} Training goes on; what happens meanwhile is written there as soon as that is possible.");
            _warned = true;
        }
    }

    private static DateTime Milliseconds(DateTimeOffset time) => new(time.UtcTicks - time.UtcTicks % TimeSpan.TicksPerMillisecond, DateTimeKind.Utc);
}
