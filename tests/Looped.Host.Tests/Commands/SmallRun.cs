using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Actors.Training;
using Looped.Models.Checkpoints;
using Looped.Tests;

namespace Looped.Host.Tests.Commands;

/// <summary>A run folder as training leaves it, without the training.</summary>
internal static class SmallRun
{
    /// <summary>Writes logs and checkpoints; a run that departs has other numbers from that step on.</summary>
    /// <param name="root">Where.</param>
    /// <param name="steps">Committed steps.</param>
    /// <param name="checkpoints">Steps of checkpoints.</param>
    /// <param name="departs">First step whose numbers differ from those of other small runs.</param>
    public static RunFolder Write(string root, int steps = 40, long[]? checkpoints = null, long departs = long.MaxValue)
    {
        var run = new RunFolder(root);
        run.Create();
        using (StepLog<StepReport> metrics = StepLog.Open<StepReport>(run.Metrics, 0))
            for (int s = 1; s <= steps; s++)
                metrics.Append(new(s, 100, 4.0 / s + (s >= departs ? 1e-6 : 0), 1e-3, 0.5, s * 1000L, 2500, 0.4, 1, 1, false));
        using (StepLog<EvaluationReport> evaluations = StepLog.Open<EvaluationReport>(run.Evaluations, 0))
            evaluations.Append(new(20, Math.Log(8), 8, 4096, false, 1));
        foreach (long step in checkpoints ?? [20, 40])
            CheckpointWriter.Write(run.Checkpoints, Snapshots.At(step >= departs ? step + 1 : step) with { Step = step }, Snapshots.Info, "g1-test");
        return run;
    }

    /// <summary>Writes what happened to a run of three workers that lost one and let another join.</summary>
    public static RunFolder WithEvents(string root)
    {
        RunFolder run = Write(root);
        DateTime began = new(2026, 11, 26, 10, 0, 0, DateTimeKind.Utc);
        RunEvent[] events =
        [
            new(RunEventKind.Started, 0) { Term = 1 },
            new(RunEventKind.Joined, 0) { Worker = "node-1", Generation = 1, WorldSize = 2 },
            new(RunEventKind.Joined, 0) { Worker = "node-2", Generation = 1, WorldSize = 2 },
            new(RunEventKind.Generation, 0) { Generation = 1, WorldSize = 2, Reason = "start" },
            new(RunEventKind.Checkpoint, 20) { Bytes = 3 << 20, Seconds = 0.5 },
            new(RunEventKind.Lost, 25) { Worker = "node-2", Generation = 1, Reason = "its connection broke" },
            new(RunEventKind.Generation, 25) { Generation = 2, WorldSize = 1, Reason = "loss" },
            new(RunEventKind.Recovered, 26) { Worker = "node-2", Generation = 2, WorldSize = 1, Seconds = 0.23 },
            new(RunEventKind.Joined, 30) { Worker = "node-3", Generation = 3, WorldSize = 2 },
            new(RunEventKind.Generation, 30) { Generation = 3, WorldSize = 2, Reason = "join" },
        ];
        foreach ((int i, RunEvent happened) in events.Index()) RunEventLog.Append(run, happened with { Time = began.AddSeconds(4 * i) });
        using StepLog<StepAssignment> steps = StepLog.Open<StepAssignment>(run.Steps, 0);
        for (int s = 1; s <= 40; s++) steps.Append(s <= 25 ? new(s, 1, ["node-1", "node-2"], [[0, 1], [2, 3]]) : s <= 30 ? new(s, 2, ["node-1"], [[0, 1, 2, 3]]) : new(s, 3, ["node-1", "node-3"], [[0, 1, 2], [3]]));
        return run;
    }
}
