using System.Text.Json.Nodes;
using Looped.Actors.Runs;

namespace Looped.Actors.Training;

/// <summary>What is known about a committed step: a line of `metrics.jsonl`, a tick of the progress bar.</summary>
/// <param name="Step">The step, counted from 1: after it, this many steps are committed.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="Loss">Mean training loss over the step's scored tokens, nats.</param>
/// <param name="LearningRate">The rate this update used.</param>
/// <param name="GradientNorm">Global L2 norm before clipping.</param>
/// <param name="Tokens">Tokens consumed by the run so far.</param>
/// <param name="TokensPerSecond">Speed of this step.</param>
/// <param name="Seconds">Duration of this step.</param>
/// <param name="Generation">The generation that computed it.</param>
/// <param name="WorldSize">Its number of workers.</param>
/// <param name="Skipped">Whether the update was left out because a gradient was not acceptable.</param>
/// <param name="StallSeconds">How long training stood still before this step, for copying a snapshot.</param>
/// <param name="WeightsSha256">Hash over the parameters in order after this step, at evaluations; else null.</param>
/// <param name="Loops">Loops of a micro-batch, their mean over the step; null where the family has no such notion.</param>
/// <param name="Regulariser">The penalty within the loss, unweighted; null where there was none.</param>
public sealed record StepReport(long Step, long Steps, double Loss, double LearningRate, double GradientNorm, long Tokens,
    double TokensPerSecond, double Seconds, long Generation, int WorldSize, bool Skipped, double StallSeconds = 0, string? WeightsSha256 = null,
    double? Loops = null, double? Regulariser = null) : IStepRecord
{
    /// <summary>What a checkpoint of this step says about it: whatever does not depend on time or on who computed. Finite numbers only.</summary>
    public JsonObject Measured()
    {
        var measured = new JsonObject { ["learning_rate"] = LearningRate, ["skipped"] = Skipped };
        if (double.IsFinite(Loss)) measured["loss"] = Loss;
        if (Loops is { } loops) measured["loops"] = loops;
        if (Regulariser is { } penalty && double.IsFinite(penalty)) measured["regulariser"] = penalty;
        if (double.IsFinite(GradientNorm)) measured["gradient_norm"] = GradientNorm;
        return measured;
    }
}

/// <summary>A finished evaluation: a line of `evaluations.jsonl`.</summary>
/// <param name="Step">Committed steps of the evaluated weights; 0 is the initial model.</param>
/// <param name="Loss">Mean validation cross-entropy per token, nats.</param>
/// <param name="Perplexity">exp(Loss).</param>
/// <param name="Tokens">Tokens scored.</param>
/// <param name="Full">Whether the whole validation set was read.</param>
/// <param name="Seconds">How long it took.</param>
public sealed record EvaluationReport(long Step, double Loss, double Perplexity, long Tokens, bool Full, double Seconds) : IStepRecord;
