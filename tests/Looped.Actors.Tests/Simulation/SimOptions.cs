using Looped.Actors.Supervision;

namespace Looped.Actors.Tests.Simulation;

/// <summary>What a simulated run is like.</summary>
internal sealed record SimOptions
{
    public int Workers { get; init; } = 3;

    public int MicroBatches { get; init; } = 4;

    public long Steps { get; init; } = 6;

    public int CheckpointEvery { get; init; } = 3;

    public TimeSpan WorkerTimeout { get; init; } = TimeSpan.FromSeconds(5);

    public TimeSpan Formation { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>While faults go on: how many messages of the control plane are lost.</summary>
    public double Loss { get; init; }

    /// <summary>… are delivered twice.</summary>
    public double Repeats { get; init; }

    /// <summary>… come late, after ones that were sent later.</summary>
    public double Delays { get; init; }

    /// <summary>How many plans find no room in the run folder, so that a successor does not know them.</summary>
    public double FullDisk { get; init; }

    /// <summary>The faults, by the count of events at which they happen.</summary>
    public IReadOnlyList<Fault> Faults { get; init; } = [];

    /// <summary>How long the run may take once faults have stopped.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>With so many workers the supervisor looks at them by ticks.</summary>
    public int Crowd { get; init; } = 64;

    public SupervisorSettings Settings => new() { MicroBatches = MicroBatches, ExpectedWorkers = Workers, Crowd = Crowd };
}

/// <summary>Something that goes wrong, or a change that a run must take in its stride.</summary>
public enum FaultKind
{
    /// <summary>SIGKILL of a worker; another comes a little later.</summary>
    Kill,

    /// <summary>SIGSTOP of a worker, and SIGCONT after a while.</summary>
    Freeze,

    /// <summary>Notice to a worker; another comes a little later.</summary>
    Notice,

    /// <summary>Notice to all workers.</summary>
    NoticeToAll,

    /// <summary>SIGKILL of all workers.</summary>
    KillAll,

    /// <summary>A worker more.</summary>
    Join,

    /// <summary>The supervisor dies; its successor comes a little later.</summary>
    KillSupervisor,

    /// <summary>A second supervisor starts while the first goes on.</summary>
    SecondSupervisor,

    /// <summary>The supervisor is stopped, a second one starts, and the first wakes.</summary>
    FreezeSupervisor,

    /// <summary>The supervisor is stopped, a second one starts and dies, and the first wakes to find a higher term and nobody who has it.</summary>
    LoseSuccessor,

    /// <summary>Nothing gets through between a worker and the supervisors for a while.</summary>
    Partition,

    /// <summary>Someone asks for the run to stop.</summary>
    AskToStop,
}

/// <summary>A fault.</summary>
/// <param name="Kind">What happens.</param>
/// <param name="At">After how many events.</param>
/// <param name="Who">Which worker, counted around those that live.</param>
/// <param name="Seconds">How long it lasts, where it does.</param>
internal sealed record Fault(FaultKind Kind, long At, int Who = 0, double Seconds = 0);
