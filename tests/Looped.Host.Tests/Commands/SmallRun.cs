using Looped.Actors.Runs;
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
}
