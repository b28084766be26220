using System.Diagnostics;
using Looped.Actors.Collectives;
using Looped.Actors.Supervision;
using Looped.Models.Data;
using Looped.Models.Optimization;
using Looped.Models.Recipes;
using static TorchSharp.torch;

namespace Looped.Actors.Training;

/// <summary>What the training loop tells the world. Called on the training thread; implementations return at once.</summary>
public interface ITrainingObserver
{
    /// <summary>A micro-batch was taken from the queue.</summary>
    void BatchTaken();

    /// <summary>A step was committed.</summary>
    void Committed(StepReport report);

    /// <summary>A snapshot may be wanted between two steps: called once before the first step and after every commit.</summary>
    /// <param name="replica">The replica, at rest.</param>
    /// <param name="last">Whether no further step follows.</param>
    void AtRest(Replica replica, bool last);
}

/// <summary>
/// One generation's steps on one rank: compute the assigned micro-batches, reduce, check, commit. Runs on the training thread and
/// talks to nobody but the collective, the queue and its observer, so it is tested without an actor system.
/// </summary>
public sealed class TrainingLoop : IDisposable
{
    private readonly Recipe _recipe;
    private readonly Replica _replica;
    private readonly ICollective _collective;
    private readonly Generation _generation;
    private readonly BatchQueue _batches;
    private readonly ITrainingObserver _observer;
    private readonly Tensor _reduced;
    private readonly ControlVector _control;

    /// <summary>Prepares the loop.</summary>
    public TrainingLoop(Recipe recipe, Replica replica, ICollective collective, Generation generation, BatchQueue batches, ITrainingObserver observer)
    {
        (_recipe, _replica, _collective, _generation, _batches, _observer) = (recipe, replica, collective, generation, batches, observer);
        _reduced = collective.WorldSize == 1 ? replica.Sums : zeros_like(replica.Sums).DetachFromDisposeScope();
        _control = new ControlVector(replica.Layout.Slots.Count);
    }

    /// <summary>Runs until the last step, or until a step that was reduced with a stop flag.</summary>
    /// <param name="stop">When cancelled, this rank raises the stop flag in its next reduction.</param>
    /// <param name="abandon">When cancelled, waiting for data ends at once; nothing of the step is kept.</param>
    public void Run(CancellationToken stop, CancellationToken abandon)
    {
        bool last = _replica.Step >= _recipe.Training.Steps;
        double stall = Rest(last);
        while (!last)
        {
            long started = Stopwatch.GetTimestamp();
            foreach (int index in _generation.Assignment[_collective.Rank])
            {
                MicroBatch batch = _batches.Take(_replica.Step, index, abandon);
                _observer.BatchTaken();
                _replica.Compute(batch);
            }
            _replica.Control[ControlFlag.Stop] = stop.IsCancellationRequested;
            Reduce();
            CommittedStep step = _replica.Commit(_reduced, _control);
            last = _control[ControlFlag.Stop] || _replica.Step >= _recipe.Training.Steps;

            double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            bool hash = last || IsDue(_recipe.Evaluation.Every);
            _observer.Committed(new StepReport(_replica.Step, _recipe.Training.Steps, step.Loss, step.LearningRate, step.GradientNorm,
                _replica.Tokens, step.ScoredTokens / seconds, seconds, _generation.Number, _generation.WorldSize, step.Skipped,
                stall, hash ? _replica.WeightsHash() : null));
            stall = Rest(last);
            // Scopes free the tensors; small native objects behind finalizers (implicit scalars) would still pile up between collections.
            GC.Collect(0);
        }
    }

    private double Rest(bool last)
    {
        long started = Stopwatch.GetTimestamp();
        _observer.AtRest(_replica, last);
        return Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private bool IsDue(int every) => every > 0 && _replica.Step % every == 0;

    private void Reduce()
    {
        _collective.AllReduce(_replica.Sums, _reduced, ReduceOperation.Sum);
        Exchange(_replica.Control.Flags, _control.Flags, ReduceOperation.Max);
        Exchange(_replica.Control.Sums, _control.Sums, ReduceOperation.Sum);
    }

    private void Exchange<T>(T[] mine, T[] all, ReduceOperation operation) where T : unmanaged
    {
        if (_collective.WorldSize == 1)
        {
            mine.CopyTo(all, 0);
            return;
        }
        using var scope = NewDisposeScope();
        Tensor input = from_array(mine), output = zeros_like(input);
        _collective.AllReduce(input, output, operation);
        output.data<T>().CopyTo(all);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (!ReferenceEquals(_reduced, _replica.Sums)) _reduced.Dispose();
    }
}
