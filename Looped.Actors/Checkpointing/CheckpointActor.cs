using System.Diagnostics;
using Akka.Actor;
using Looped.Models;
using Looped.Models.Checkpoints;

namespace Looped.Actors.Checkpointing;

/// <summary>
/// Writes snapshots to disk while training goes on, one at a time.
/// <code>
/// state    message                    does                                                next state
/// idle     WriteCheckpoint            takes the snapshot, writes it beside the mailbox     writing
/// writing  WriteCheckpoint            keeps it; an older one still waiting is given up     writing
/// writing  (written | failed)         CheckpointWritten | CheckpointFailed to the asker    idle, or writing the next
/// </code>
/// </summary>
public sealed class CheckpointActor : ReceiveActor
{
    private sealed record Pending(WriteCheckpoint Request, TrainingSnapshot Snapshot, IActorRef Asker);

    private sealed record Done(IActorRef Asker, IWireMessage Reply);

    private readonly RunEnvironment _environment;
    private Pending? _waiting;
    private bool _writing;

    /// <summary>Creates the actor.</summary>
    public CheckpointActor(RunEnvironment environment)
    {
        _environment = environment;
        Receive<WriteCheckpoint>(Accept);
        Receive<Done>(Finish);
    }

    private void Accept(WriteCheckpoint request)
    {
        var pending = new Pending(request, _environment.Snapshots.Take(request.Step), Sender);
        if (!_writing)
        {
            Write(pending);
            return;
        }
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
            var (path, bytes, movedAside) = environment.SaveCheckpoint(pending.Snapshot, pending.Request.Generation);
            return new Done(pending.Asker, new CheckpointWritten(step, path, bytes, Stopwatch.GetElapsedTime(started).TotalSeconds, movedAside));
        }
        catch (Exception error) when (error is LoopedException or IOException or UnauthorizedAccessException)
        {
            return new Done(pending.Asker, new CheckpointFailed(step, error.Message));
        }
    }

    private void Finish(Done done)
    {
        done.Asker.Tell(done.Reply);
        _writing = false;
        if (_waiting is not { } next) return;
        _waiting = null;
        Write(next);
    }
}
