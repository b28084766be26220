using System.Diagnostics;
using Akka.Actor;
using Looped.Actors.Supervision;
using Looped.Actors.Telemetry;
using Looped.Models.Checkpoints;

namespace Looped.Actors.Checkpointing;

/// <summary>
/// Writes snapshots to disk while training goes on, one at a time.
/// <code>
/// state    message                    does                                                next state
/// idle     WriteCheckpoint            takes the snapshot, writes it beside the mailbox     writing
/// writing  WriteCheckpoint            keeps it; an older one still waiting is given up     writing
/// writing  (written | failed)         CheckpointWritten | CheckpointFailed to the asker    idle, or writing the next
/// writing  (the last one failed)      RunNote to the asker, once                           waiting
/// waiting  (a second later)           writes it again                                      writing
/// </code>
/// </summary>
public sealed class CheckpointActor : ReceiveActor, IWithTimers
{
    private sealed record Pending(WriteCheckpoint Request, TrainingSnapshot Snapshot, IActorRef Asker, long Asked, bool Again = false) : INoSerializationVerificationNeeded;

    private sealed record Done(Pending Pending, IWireMessage Reply) : INoSerializationVerificationNeeded;

    private readonly RunEnvironment _environment;
    private Pending? _waiting;
    private bool _writing;

    /// <summary>Creates the actor.</summary>
    public CheckpointActor(RunEnvironment environment)
    {
        _environment = environment;
        Receive<WriteCheckpoint>(Accept);
        Receive<Done>(Finish);
        Receive<Pending>(Write);
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    private void Accept(WriteCheckpoint request)
    {
        var pending = new Pending(request, _environment.Snapshots.Take(request.Step), Sender, Stopwatch.GetTimestamp());
        if (!_writing)
        {
            Write(pending);
            return;
        }
        if (_waiting is not null) CountFailure(_environment.Instruments, "busy");
        _waiting?.Asker.Tell(new CheckpointFailed(_waiting.Request.Step,
            $"The checkpoint of step {_waiting.Request.Step} was left out: the disk is still busy with an earlier one. Raise checkpoint.every."));
        _waiting = pending;
    }

    private void Write(Pending pending)
    {
        _writing = true;
        RunEnvironment environment = _environment;
        Task.Run(() => Save(environment, pending)).PipeTo(Self);
    }

    private static Done Save(RunEnvironment environment, Pending pending)
    {
        long started = Stopwatch.GetTimestamp(), step = pending.Request.Step;
        try
        {
            var (path, bytes, movedAside) = environment.SaveCheckpoint(pending.Snapshot, pending.Request.Generation, pending.Request.Term);
            Measure(environment.Instruments, pending, bytes, started);
            return new Done(pending, new CheckpointWritten(step, path, bytes, Stopwatch.GetElapsedTime(started).TotalSeconds, movedAside));
        }
#pragma warning disable CA1031 // Whatever it was is reported; a writer that died would leave those who wait for the last checkpoint without an answer.
        catch (Exception error)
#pragma warning restore CA1031
        {
            CountFailure(environment.Instruments, error switch { IOException => "io", UnauthorizedAccessException => "access_denied", _ => "other" });
            return new Done(pending, new CheckpointFailed(step, error.Message, pending.Request.Last));
        }
    }

    private static void Measure(Instruments instruments, Pending pending, long bytes, long started)
    {
        DateTime now = DateTime.UtcNow, copied = Spans.At(pending.Asked), stalled = copied - TimeSpan.FromSeconds(pending.Request.StallSeconds);
        instruments.CheckpointDuration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, new KeyValuePair<string, object?>(LoopedAttributes.Phase, "write"));
        instruments.CheckpointIo.Add(bytes, new KeyValuePair<string, object?>(LoopedAttributes.Direction, "write"));
        ActivityContext checkpoint = Spans.Tell(Spans.Checkpoints, Spans.Checkpoint, default, stalled, now, Spans.Parse(pending.Request.Trace),
            new KeyValuePair<string, object?>(LoopedAttributes.Step, pending.Request.Step), new KeyValuePair<string, object?>(LoopedAttributes.Bytes, bytes));
        Spans.Tell(Spans.Checkpoints, "stall", checkpoint, stalled, copied);
        Spans.Tell(Spans.Checkpoints, "write", checkpoint, Spans.At(started), now);
    }

    /// <summary>With the last checkpoint everything since the one before would be lost, and nobody waits for this process any more.</summary>
    private bool TryAgain(Pending pending, string error)
    {
        TimeSpan patience = _environment.Timeouts.LastWord, pause = TimeSpan.FromSeconds(Math.Min(1, patience.TotalSeconds / 4));
        if (Stopwatch.GetElapsedTime(pending.Asked) + pause > patience) return false;
        if (!pending.Again) pending.Asker.Tell(new RunNote($"warning: {error} It is the last one, and is tried again for {patience.TotalSeconds:0} s."));
        Timers.StartSingleTimer("again", pending with { Again = true }, pause);
        return true;
    }

    private static void CountFailure(Instruments instruments, string type) =>
        instruments.CheckpointFailures.Add(1, new KeyValuePair<string, object?>(LoopedAttributes.ErrorType, type));

    private void Finish(Done done)
    {
        if (done.Reply is CheckpointFailed { Last: true } failed && TryAgain(done.Pending, failed.Error)) return;
        done.Pending.Asker.Tell(done.Reply);
        _writing = false;
        if (_waiting is not { } next) return;
        _waiting = null;
        Write(next);
    }
}
