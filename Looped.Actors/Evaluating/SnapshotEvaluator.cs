using System.Collections.Concurrent;
using System.Diagnostics;
using Looped.Models.Checkpoints;
using Looped.Models.Data;
using Looped.Models.Evaluation;
using Looped.Models.Families;
using Looped.Models.Recipes;

namespace Looped.Actors.Evaluating;

/// <summary>A thread with a model of its own that measures snapshots one after the other.</summary>
public sealed class SnapshotEvaluator : IDisposable
{
    private readonly BlockingCollection<Action<LanguageModel>> _work = [];
    private readonly CancellationTokenSource _ending = new();
    private readonly Recipe _recipe;
    private readonly IValidationSource _validation;
    private readonly Thread _thread;

    /// <summary>Starts the thread.</summary>
    /// <param name="recipe">The run.</param>
    /// <param name="createModel">Builds the model, on the thread.</param>
    /// <param name="validation">What to measure on.</param>
    public SnapshotEvaluator(Recipe recipe, Func<LanguageModel> createModel, IValidationSource validation)
    {
        (_recipe, _validation) = (recipe, validation);
        _thread = new Thread(() =>
        {
            using LanguageModel model = createModel();
            model.Place(recipe.Training);
            foreach (Action<LanguageModel> work in _work.GetConsumingEnumerable()) work(model);
        })
        { Name = "evaluation", IsBackground = true, Priority = ThreadPriority.BelowNormal };
        _thread.Start();
    }

    /// <summary>Measures a snapshot when those before it are done; the answers come on the thread.</summary>
    /// <param name="snapshot">The weights.</param>
    /// <param name="full">Whether to read the whole validation set.</param>
    /// <param name="completed">Given the result and the seconds it took.</param>
    /// <param name="failed">Given what went wrong.</param>
    public void Post(TrainingSnapshot snapshot, bool full, Action<PerplexityResult, double> completed, Action<string> failed) => _work.Add(model =>
    {
        long started = Stopwatch.GetTimestamp();
        try
        {
            model.LoadWeights(snapshot.Parameters);
            IEnumerable<MicroBatch> batches = _validation.Batches(_recipe.Batch.MicroSequences, full ? null : _recipe.Evaluation.Batches);
            PerplexityResult result = Perplexity.Measure(model, batches, cancellation: _ending.Token);
            completed(result, Stopwatch.GetElapsedTime(started).TotalSeconds);
        }
        catch (OperationCanceledException)
        {
            failed("cancelled because the run ended");
        }
#pragma warning disable CA1031 // Whatever it was is reported; an exception that leaves a thread would end the process, and training with it.
        catch (Exception error)
#pragma warning restore CA1031
        {
            failed(error.Message);
        }
    });

    /// <summary>Gives up what is not measured yet and ends the thread.</summary>
    public void Dispose()
    {
        _work.CompleteAdding();
        _ending.Cancel();
        _thread.Join();
        _ending.Dispose();
        _work.Dispose();
    }
}
