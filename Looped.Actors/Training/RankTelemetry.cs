using System.Diagnostics;
using Looped.Actors.Supervision;
using Looped.Actors.Telemetry;
using Looped.Models.Checkpoints;
using static Looped.Actors.Telemetry.LoopedAttributes;
using static TorchSharp.torch;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace Looped.Actors.Training;

/// <summary>All that a worker records of itself, and its time account.</summary>
public sealed class RankTelemetry : IDisposable
{
    private readonly IDisposable[] _shown;
    private LeaveNotice? _notice;
    private long _noticed;

    /// <summary>Begins the account.</summary>
    /// <param name="environment">The worker's run.</param>
    /// <param name="batches">Its queue.</param>
    public RankTelemetry(RunEnvironment environment, BatchQueue batches)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(batches);
        Instruments = environment.Instruments;
        Worker = environment.Worker;
        Time = new TimeKeeper(environment.Clock, environment.Started);
        Steps = new StepRecorder(Instruments, Time);
        Recovery = new RecoveryRecorder(Instruments, Worker);
        string device = environment.Recipe.Training.Device;
        _shown =
        [
            Instruments.Times.Add(() => Time.Decided),
            Instruments.Queues.Add(() => batches.Count),
            Instruments.Tensors.Add(() => (device, Tensor.TotalCount)),
        ];
        Instruments.RecordZeros();
    }

    internal Instruments Instruments { get; }

    internal string Worker { get; }

    /// <summary>The time account.</summary>
    public TimeKeeper Time { get; }

    internal StepRecorder Steps { get; }

    internal RecoveryRecorder Recovery { get; }

    /// <summary>The training thread has found the communicator broken.</summary>
    internal void Broke()
    {
        Time.Enter(TimeKind.Recovery);
        Recovery.Broke(Steps.WaitingSince);
        Steps.Break();
    }

    /// <summary>A checkpoint was read.</summary>
    internal void Restored(TrainingSnapshot checkpoint, TimeSpan took)
    {
        Instruments.CheckpointDuration.Record(took.TotalSeconds, new Tag(Phase, "restore"));
        Instruments.CheckpointIo.Add(checkpoint.Bytes, new Tag(Direction, "read"));
    }

    /// <summary>Measures a broadcast.</summary>
    internal void Broadcast(Tensor tensor, Action broadcast)
    {
        long started = Stopwatch.GetTimestamp();
        broadcast();
        Instruments.CommDuration.Record(Stopwatch.GetElapsedTime(started).TotalSeconds, new Tag(Op, "broadcast"));
        Instruments.CommIo.Add(tensor.numel() * tensor.element_size(), new Tag(Op, "broadcast"));
    }

    /// <summary>Micro-batches that were computed are thrown away.</summary>
    internal void Drop(int count, double secondsEach, string reason)
    {
        if (count == 0) return;
        Instruments.LostMicroBatches.Add(count, new Tag(Reason, reason));
        Time.Lose(count * secondsEach);
    }

    /// <summary>The worker has notice. The first one counts.</summary>
    internal void Notice(LeaveNotice notice)
    {
        if (_notice is not null) return;
        (_notice, _noticed) = (notice, Stopwatch.GetTimestamp());
        Instruments.CountPreemption(notice.Signal);
    }

    /// <summary>The worker is through.</summary>
    /// <param name="plan">The last generation it was in.</param>
    internal void End(GenerationPlan? plan)
    {
        Time.Enter(TimeKind.Idle);
        if (_notice is null) return;
        Instruments.DrainDuration.Record(Stopwatch.GetElapsedTime(_noticed).TotalSeconds, new Tag(Outcome, "clean"));
        Spans.Tell(Spans.Cluster, Spans.Drain, Spans.Parse(plan?.Trace), Spans.At(_noticed), DateTime.UtcNow, default,
            new Tag(LoopedAttributes.Worker, Worker), new Tag(Signal, _notice.Signal), new Tag(Deadline, _notice.GraceSeconds));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (IDisposable shown in _shown) shown.Dispose();
    }
}
