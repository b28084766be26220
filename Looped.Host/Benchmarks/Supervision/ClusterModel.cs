using Looped.Actors.Supervision;

namespace Looped.Host.Benchmarks.Supervision;

/// <summary>How long things take in a modelled cluster.</summary>
internal sealed record ClusterModel
{
    /// <summary>What the supervisor decides by.</summary>
    public required SupervisorSettings Settings { get; init; }

    /// <summary>To compute a micro-batch.</summary>
    public required TimeSpan MicroBatch { get; init; }

    /// <summary>To connect the members of a plan and to compare their states; measured in real clusters of a few workers.</summary>
    public TimeSpan Connect { get; init; } = TimeSpan.FromMilliseconds(200);

    /// <summary>To copy the state to those who lack it.</summary>
    public TimeSpan Copy { get; init; }

    /// <summary>For a message to arrive, and for a closed connection to be noticed.</summary>
    public TimeSpan Message { get; init; } = TimeSpan.FromMilliseconds(1);

    /// <summary>Between two statuses of a worker that has nothing new to say.</summary>
    public TimeSpan Heartbeat { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Steps between two checkpoints.</summary>
    public int CheckpointEvery { get; init; } = 50;
}

/// <summary>Where the time of the workers went, in worker-seconds.</summary>
internal sealed class WorkerTime
{
    /// <summary>Micro-batches that are part of a committed step.</summary>
    public double Useful { get; set; }

    /// <summary>Micro-batches that died with their worker, were not kept, or were taken back to a checkpoint.</summary>
    public double Lost { get; set; }

    /// <summary>From a breakage, or the end of a step before a hand-over, until the next generation has its state.</summary>
    public double Regroup { get; set; }

    /// <summary>State travels to newcomers.</summary>
    public double Copying { get; set; }

    /// <summary>Before a newcomer is taken, and for others at the end of a step.</summary>
    public double Waiting { get; set; }

    /// <summary>All of it.</summary>
    public double Total => Useful + Lost + Regroup + Copying + Waiting;
}

/// <summary>A worker of the model: a status, and what it did since when.</summary>
internal sealed class ModelledWorker(string name, TimeSpan born)
{
    public string Name => name;

    public WorkerStatus Status { get; set; } = new() { Worker = name, Endpoint = name, Activity = RankActivity.Idle };

    public bool Alive { get; set; } = true;

    /// <summary>The newest plan it was told.</summary>
    public GenerationPlan? Candidate { get; set; }

    /// <summary>Since when it does what it does.</summary>
    public TimeSpan Since { get; set; } = born;

    /// <summary>Seconds of micro-batches of the step in progress that it computed in an earlier generation and holds.</summary>
    public double HeldSeconds { get; set; }

    /// <summary>Whether it waits to be taken, and not for a generation that broke.</summary>
    public bool Newcomer { get; set; } = true;
}
