namespace Looped.Actors.Telemetry;

/// <summary>Keys of attributes, and the closed sets of their values: nothing else may be recorded under them.</summary>
public static class LoopedAttributes
{
    internal const string Phase = "looped.phase", Reason = "looped.reason", Outcome = "looped.outcome", Kind = "looped.kind", Loop = "looped.loop",
        Op = "looped.op", State = "looped.state", Direction = "looped.direction", Dataset = "looped.dataset", Device = "looped.device", Expert = "looped.expert",
        ErrorType = "error.type", HardwareId = "hw.id", HardwareType = "hw.type", HardwareName = "hw.name", GpuTask = "hw.gpu.task",
        NetworkDirection = "network.io.direction";

    // On spans only.
    internal const string Run = "looped.run.id", Config = "looped.config.hash", Generation = "looped.generation", WorldSize = "looped.world_size",
        Step = "looped.step", Rank = "looped.rank", Tokens = "looped.tokens", Bytes = "looped.bytes", Worker = "looped.worker", Signal = "looped.signal",
        Deadline = "looped.deadline";

    /// <summary>Loops that are recorded, from 1: few enough for a dashboard, close where most happens.</summary>
    public static IReadOnlyList<int> Loops { get; } = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64];

    /// <summary>Routers that are recorded.</summary>
    public const int MostRouters = 16;

    /// <summary>Phases of a step, which add up to it.</summary>
    public static IReadOnlyList<string> StepPhases { get; } = ["data", "forward", "backward", "allreduce", "optimizer", "other"];

    /// <summary>Phases of a recovery, and the whole of it.</summary>
    public static IReadOnlyList<string> RecoveryPhases { get; } = ["detect", "abort", "form", "connect", "copy", "first_step", "total"];

    /// <summary>Phases of a checkpoint.</summary>
    public static IReadOnlyList<string> CheckpointPhases { get; } = ["stall", "copy", "write", "restore"];

    /// <summary>Why an update was left out, or a step was begun and not committed.</summary>
    public static IReadOnlyList<string> SkipReasons { get; } = ["nonfinite", "not_committed"];

    /// <summary>Why a generation was planned.</summary>
    public static IReadOnlyList<string> GenerationReasons { get; } = ["join", "leave", "preempted", "failed", "manual"];

    /// <summary>How a worker was taken away.</summary>
    public static IReadOnlyList<string> PreemptionReasons { get; } = ["sigterm", "sigint", "sigusr1", "node_lost"];

    /// <summary>Why work was lost.</summary>
    public static IReadOnlyList<string> LossReasons { get; } = ["preempted", "failed", "node_lost"];

    /// <summary>How a drain ended.</summary>
    public static IReadOnlyList<string> DrainOutcomes { get; } = ["clean", "killed"];

    /// <summary>What workers do.</summary>
    public static IReadOnlyList<string> WorkerStates { get; } = ["training", "joining", "draining"];

    /// <summary>Operations of the data plane.</summary>
    public static IReadOnlyList<string> Operations { get; } = ["allreduce", "broadcast", "p2p"];

    /// <summary>What wall seconds were spent on; the last is a correction, see <see cref="TimeTotals"/>.</summary>
    public static IReadOnlyList<string> TimeKinds { get; } = ["productive", "startup", "data_wait", "checkpoint_stall", "recovery", "idle", "lost_work"];

    /// <summary>Which loss.</summary>
    public static IReadOnlyList<string> LossKinds { get; } = ["last", "ema", "max_rank"];

    /// <summary>Why a checkpoint could not be written.</summary>
    public static IReadOnlyList<string> CheckpointErrors { get; } = ["io", "access_denied", "busy", "other"];

    /// <summary>Ways of a checkpoint's bytes.</summary>
    public static IReadOnlyList<string> Directions { get; } = ["write", "read"];
}
