using System.Diagnostics;
using Looped.Actors.Collectives;
using Looped.Actors.Supervision;
using Looped.Models.Data;
using Looped.Models.Families;
using Looped.Models.Optimization;
using Looped.Models.Recipes;

namespace Looped.Actors.Training;

/// <summary>
/// One generation's steps on one rank: compute the assigned micro-batches, reduce, check, commit. Runs on the training thread and
/// talks to nobody but the collective, the queue, the inbox and its observer, so it is tested without an actor system.
/// </summary>
public sealed class TrainingLoop : IDisposable
{
    private readonly Recipe _recipe;
    private readonly Replica _replica;
    private readonly ICollective _collective;
    private readonly GenerationPlan _plan;
    private readonly BatchQueue _batches;
    private readonly RankInbox _inbox;
    private readonly ITrainingObserver _observer;
    private readonly RankTelemetry _telemetry;
    private readonly StepRecorder _steps;
    private readonly StepReduction _reduction;
    private readonly ControlVector _control;
    private long _done;
    private readonly MicroBatchWork _work;
    private readonly Pace _pace;

    /// <summary>Prepares the loop.</summary>
    public TrainingLoop(RunEnvironment environment, Replica replica, ICollective collective, GenerationPlan plan, BatchQueue batches, RankInbox inbox,
        ITrainingObserver observer, RankTelemetry telemetry)
    {
        ArgumentNullException.ThrowIfNull(environment);
        ArgumentNullException.ThrowIfNull(telemetry);
        (_recipe, _replica, _collective, _plan, _batches, _inbox, _observer) = (environment.Recipe, replica, collective, plan, batches, inbox, observer);
        (_telemetry, _steps) = (telemetry, telemetry.Steps);
        _reduction = new StepReduction(collective, replica, environment.Overlap);
        _control = new ControlVector(replica.Layout.Slots.Count);
        _work = new MicroBatchWork(replica, _recipe);
        _pace = new Pace(_work.MultiplyAccumulates(null), inbox.State.SecondsPerMicroBatch);
        _steps.Begin(plan, collective.Rank, replica, _recipe, _work);
        _steps.ReducedBytes = collective.WorldSize == 1 ? 0 : replica.Sums.numel() * replica.Sums.element_size();
    }

    /// <summary>Runs until something other than a next step is to be done.</summary>
    /// <param name="resting">Whether a snapshot may be wanted before the first step.</param>
    /// <exception cref="CollectiveBrokenException">The communicator broke, or this rank leaves at once. The replica holds exact sums of <see cref="Replica.Held"/>.</exception>
    public AfterStep Run(bool resting)
    {
        bool last = _replica.Step >= _recipe.Training.Steps;
        double stall = resting ? Rest(last) : 0;
        if (last) return AfterStep.Finish;
        while (true)
        {
            long started = Stopwatch.GetTimestamp();
            _steps.Start(_replica.Step);
            ComputeMine();
            RankState state = _inbox.State;
            _replica.NoteLoss();
            _replica.Control[ControlFlag.Stop] = state.StopReason is not null;
            _replica.Control[ControlFlag.Regroup] = RankLogic.WantsRegroup(state);
            _replica.Control[ControlSum.Leavers] = state.Leaving ? 1 : 0;
            long tokens = _replica.Control[ControlSum.ScoredTokens];
            _steps.Enter(StepPhase.AllReduce);
            Reduce();
            _collective.Beat(_done, RankPulse.Between);
            _steps.Enter(StepPhase.Optimizer);
            CommittedStep step = _replica.Commit(_reduction.Result, _control);
            _steps.Enter(StepPhase.Other);
            last = _replica.Step >= _recipe.Training.Steps;
            AfterStep after = RankLogic.Conclude(_control[ControlFlag.Regroup], _control[ControlFlag.Stop],
                _control[ControlSum.Leavers], _collective.WorldSize, last);
            bool ends = after is AfterStep.Finish or AfterStep.Stop or AfterStep.AllLeave;

            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            bool hash = ends || IsDue(_recipe.Evaluation.Every);
            _inbox.Note(s => s with { Step = _replica.Step, SecondsPerMicroBatch = _pace.Seconds });
            var report = new StepReport(_replica.Step, _recipe.Training.Steps, step.Loss, step.LearningRate, step.GradientNorm,
                _replica.Tokens, step.ScoredTokens / seconds, seconds, _plan.Generation.Number, _plan.Generation.WorldSize, step.Skipped,
                stall, hash ? _replica.WeightsHash() : null, step.Loops, step.Regulariser);
            _observer.Committed(report, _plan);
            _telemetry.Recovery.Committed(_plan);
            stall = Rest(ends);
            _steps.Enter(StepPhase.Other);
            // Scopes free the tensors; small native objects behind finalizers (implicit scalars) would still pile up between collections.
            GC.Collect(0);
            _steps.Finish(report, tokens, _control.HighestLoss);
            if (after == AfterStep.Continue) continue;
            // For the next plan, or for the last checkpoint, with all others.
            _collective.Beat(_done, RankPulse.Waiting);
            return after;
        }
    }

    private void ComputeMine()
    {
        int[] mine = [.. _plan.AssignmentOf(_replica.Step)[_collective.Rank].Where(index => !_replica.Held.Contains(index))];
        foreach (int index in mine)
        {
            if (_collective.Broken.IsCancellationRequested) throw new CollectiveBrokenException("The communicator broke while a micro-batch was computed.");
            if (_inbox.State.Hurry) throw new CollectiveBrokenException("This rank leaves at once.");
            _steps.Enter(StepPhase.Data);
            _collective.Beat(_done, RankPulse.Between);
            MicroBatch batch = _batches.Take(_replica.Step, index, _collective.Broken);
            _observer.BatchTaken();
            long started = Stopwatch.GetTimestamp();
            _collective.Beat(_done, RankPulse.Computing);
            _steps.Enter(StepPhase.Forward);
            using LoopWatch? watch = _steps.Watch();
            ComputedMicroBatch computed = _replica.Compute(batch, watch, index == mine[^1] ? _reduction.Early : null);
            _steps.Computed(computed);
            _collective.Beat(++_done, RankPulse.Computing);
            _pace.Add(Stopwatch.GetElapsedTime(started).TotalSeconds, _work.MultiplyAccumulates(computed.Loops));
        }
        _collective.Beat(_done, RankPulse.Waiting);
    }

    private double Rest(bool last)
    {
        long started = Stopwatch.GetTimestamp();
        _steps.Enter(StepPhase.Stall);
        _observer.AtRest(_replica, last);
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private bool IsDue(int every) => every > 0 && _replica.Step % every == 0;

    private void Reduce()
    {
        _reduction.Finish();
        _collective.Combine(_replica.Control.Flags, _control.Flags, ReduceOperation.Max);
        _collective.Combine(_replica.Control.Sums, _control.Sums, ReduceOperation.Sum);
    }

    /// <inheritdoc/>
    public void Dispose() => _reduction.Dispose();
}
