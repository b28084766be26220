using Looped.Actors.Runs;
using Looped.Actors.Training;
using Looped.Models;

namespace Looped.Host.Plots;

/// <summary>What a figure shows of a run.</summary>
/// <param name="Name">Its name in title and legend.</param>
/// <param name="Steps">Committed steps, ascending.</param>
/// <param name="Evaluations">Evaluations, ascending.</param>
/// <param name="UnigramPerplexity">Of a model without context; null if not known.</param>
internal sealed record RunCurve(string Name, IReadOnlyList<StepReport> Steps, IReadOnlyList<EvaluationReport> Evaluations, double? UnigramPerplexity = null)
{
    /// <summary>Reads the logs of a run, finished or not.</summary>
    /// <exception cref="UsageException">It is not a run folder, or no step is logged yet.</exception>
    public static RunCurve Read(RunFolder run)
    {
        IReadOnlyList<StepReport> steps = StepLog.Read<StepReport>(run.Metrics);
        if (steps.Count == 0) throw new UsageException($"There is nothing to plot in {run.Root}: {run.Metrics} has no steps. Give a run folder such as runs/quickstart.");
        return new(run.Name, steps, StepLog.Read<EvaluationReport>(run.Evaluations), RunSummary.Read(run.Summary)?.Validation.UnigramPerplexity);
    }
}
