using static Looped.Actors.Telemetry.InstrumentKind;
using static Looped.Actors.Telemetry.LoopedAttributes;

namespace Looped.Actors.Telemetry;

/// <summary>Every instrument there is: names, units, buckets, attributes. <see cref="Instruments"/> makes them.</summary>
public static class LoopedMetrics
{
    /// <summary>Names of meters and of activity sources.</summary>
    public const string Training = "Looped.Training", Cluster = "Looped.Cluster", Checkpoint = "Looped.Checkpoint", Hardware = "Looped.Hardware", Data = "Looped.Data";

    // The defaults (0, 5, 10, 25 …) are milliseconds; durations are seconds here.
    private static readonly double[] Steps = [.001, .002, .005, .01, .02, .05, .1, .2, .5, 1, 2, 5, 10, 30];
    private static readonly double[] Pauses = [.05, .1, .25, .5, 1, 2, 5, 10, 20, 30, 60, 120];
    private static readonly double[] Loops = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];

    internal static readonly InstrumentDefinition
        TrainSteps = new(Training, "looped.train.steps", Counter, "{step}", "Committed steps."),
        TrainTokens = new(Training, "looped.train.tokens", Counter, "{token}", "Scored tokens of this worker's micro-batches."),
        StepDuration = new(Training, "looped.train.step.duration", Histogram, "s", "A step from its first micro-batch to its commit.") { Buckets = Steps },
        PhaseDuration = new(Training, "looped.train.phase.duration", Histogram, "s", "Parts of a step; together the step.", Phase) { Buckets = Steps },
        TrainLoss = new(Training, "looped.train.loss", Gauge, "{nat}", "Training loss of a step.", Kind),
        EvaluationLoss = new(Training, "looped.eval.loss", Gauge, "{nat}", "Loss of an evaluation.", Dataset),
        GradientNorm = new(Training, "looped.train.grad_norm", Gauge, "1", "Global gradient norm before clipping."),
        LearningRate = new(Training, "looped.train.learning_rate", Gauge, "1", "Learning rate of the last update."),
        Regulariser = new(Training, "looped.train.regulariser", Gauge, "1", "The penalty within the training loss of a step, unweighted."),
        Progress = new(Training, "looped.train.progress", Gauge, "1", "Share of the run's steps that are committed."),
        TrainFlops = new(Training, "looped.train.flops", Counter, "{flop}", "Floating-point operations of the model, of the loops that ran."),
        Mfu = new(Training, "looped.train.mfu", Gauge, "1", "Share of the device's peak that the model's operations use."),
        SkippedSteps = new(Training, "looped.train.skipped_steps", Counter, "{step}", "Steps without an update, and steps begun that were not committed.", Reason),

        Recurrence = new(Training, "looped.model.recurrence", Histogram, "{loop}", "Loops run per sequence.") { Buckets = Loops },
        ActiveTokens = new(Training, "looped.model.loop.active_tokens", Gauge, "1", "Share of tokens that are still computed at a loop.", Loop),
        UpdateNorm = new(Training, "looped.model.loop.update_norm", Gauge, "1", "Relative change of the hidden state in a loop.", Loop),
        RouterLoad = new(Training, "looped.model.router.load", Gauge, "1", "Share of the tokens before a router that it sends on.", Expert),

        Workers = new(Cluster, "looped.cluster.workers", UpDown, "{worker}", "Workers by what they do.", State),
        WorldSize = new(Cluster, "looped.cluster.world_size", Gauge, "{worker}", "Members of the generation in force."),
        ClusterGeneration = new(Cluster, "looped.cluster.generation", Gauge, "{generation}", "Number of the generation in force."),
        Generations = new(Cluster, "looped.cluster.generations", Counter, "{generation}", "Generations planned.", Reason),
        Preemptions = new(Cluster, "looped.cluster.preemptions", Counter, "{preemption}", "Workers that had notice or were lost.", Reason),
        LostMicroBatches = new(Cluster, "looped.cluster.lost_micro_batches", Counter, "{micro_batch}", "Micro-batches computed and thrown away.", Reason),
        LostSteps = new(Cluster, "looped.cluster.lost_steps", Counter, "{step}", "Committed steps that were computed again.", Reason),
        RecoveryDuration = new(Cluster, "looped.cluster.recovery.duration", Histogram, "s", "A survivor's way through a loss.", Phase) { Buckets = Pauses },
        DrainDuration = new(Cluster, "looped.cluster.drain.duration", Histogram, "s", "From a worker's notice to its end.", Outcome) { Buckets = Pauses },
        HeartbeatAge = new(Cluster, "looped.cluster.heartbeat.age", Gauge, "s", "Since when the quietest worker was not heard."),
        StaleMessages = new(Cluster, "looped.cluster.stale_messages", Counter, "{message}", "Messages of an old generation, dropped."),
        CommDuration = new(Cluster, "looped.comm.duration", Histogram, "s", "How long a step waits for calls of the data plane; what travels during the backward pass is not in it.", Op) { Buckets = Steps },
        CommIo = new(Cluster, "looped.comm.io", Counter, "By", "Bytes given to the data plane.", Op),
        Time = new(Cluster, "looped.time", Counter, "s", "Wall seconds of workers by what they were spent on; lost_work is a correction.", Kind),

        CheckpointDuration = new(Checkpoint, "looped.checkpoint.duration", Histogram, "s", "Parts of checkpoints; stall is what training waited.", Phase) { Buckets = Pauses },
        CheckpointIo = new(Checkpoint, "looped.checkpoint.io", Counter, "By", "Bytes of checkpoints.", Direction),
        CheckpointAge = new(Checkpoint, "looped.checkpoint.age", Gauge, "s", "Since the last durable checkpoint, or the start."),
        CheckpointFailures = new(Checkpoint, "looped.checkpoint.failures", Counter, "{failure}", "Checkpoints that were not written.", ErrorType),

        DataWait = new(Data, "looped.data.wait", Histogram, "s", "Training waits for a micro-batch.") { Buckets = Steps },
        QueueLength = new(Data, "looped.data.queue.length", UpDown, "{batch}", "Micro-batches that are loaded and wait."),

        GpuUtilization = new(Hardware, "hw.gpu.utilization", Gauge, "1", "Share of time in which the GPU was busy.", HardwareId, HardwareType, HardwareName, GpuTask),
        GpuMemoryUtilization = new(Hardware, "hw.gpu.memory.utilization", Gauge, "1", "Share of the GPU's memory in use.", HardwareId, HardwareType, HardwareName),
        GpuMemoryUsage = new(Hardware, "hw.gpu.memory.usage", UpDown, "By", "GPU memory in use.", HardwareId, HardwareType, HardwareName),
        GpuMemoryLimit = new(Hardware, "hw.gpu.memory.limit", UpDown, "By", "GPU memory.", HardwareId, HardwareType, HardwareName),
        GpuIo = new(Hardware, "hw.gpu.io", Counter, "By", "Bytes to and from the GPU.", HardwareId, HardwareType, HardwareName, NetworkDirection),
        Power = new(Hardware, "hw.power", Gauge, "W", "Power drawn.", HardwareId, HardwareType, HardwareName),
        Temperature = new(Hardware, "hw.temperature", Gauge, "Cel", "Temperature.", HardwareId, HardwareType, HardwareName),
        Energy = new(Hardware, "hw.energy", Counter, "J", "Energy used since the driver was loaded.", HardwareId, HardwareType, HardwareName),
        Errors = new(Hardware, "hw.errors", Counter, "{error}", "Errors of the hardware.", HardwareId, HardwareType, HardwareName, ErrorType),
        Tensors = new(Hardware, "looped.memory.tensors", UpDown, "{tensor}", "Live tensors: a leak alarm.", Device);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<InstrumentDefinition> All { get; } =
    [
        TrainSteps, TrainTokens, StepDuration, PhaseDuration, TrainLoss, EvaluationLoss, GradientNorm, LearningRate, Regulariser, Progress, TrainFlops, Mfu, SkippedSteps,
        Recurrence, ActiveTokens, UpdateNorm, RouterLoad,
        Workers, WorldSize, ClusterGeneration, Generations, Preemptions, LostMicroBatches, LostSteps, RecoveryDuration, DrainDuration, HeartbeatAge,
        StaleMessages, CommDuration, CommIo, Time,
        CheckpointDuration, CheckpointIo, CheckpointAge, CheckpointFailures,
        DataWait, QueueLength,
        GpuUtilization, GpuMemoryUtilization, GpuMemoryUsage, GpuMemoryLimit, GpuIo, Power, Temperature, Energy, Errors, Tensors,
    ];

    /// <summary>Names of all meters; those of the activity sources are the same.</summary>
    public static IReadOnlyList<string> Meters { get; } = [Training, Cluster, Checkpoint, Hardware, Data];
}
