using System.Collections.Concurrent;
using System.Diagnostics;
using Looped.Models;
using Looped.Models.Checkpoints;
using Looped.Models.Data;
using Looped.Models.Evaluation;
using Looped.Models.Families;
using Looped.Models.Recipes;

namespace Looped.Actors.Evaluating;

/// <summary>A thread with a model of its own that measures snapshots one after the other.</summary>
internal sealed class SnapshotEvaluator : IDisposable
{
    private readonly BlockingCollection<Action<LanguageModel>> _work = [];
    private readonly CancellationTokenSource _ending = new();
    private readonly Recipe _recipe;
    private readonly IValidationSource _validation;
    private readonly Thread _thread;

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
        catch (Exception error) when (error is LoopedException or IOException or System.Runtime.InteropServices.ExternalException)
        {
            failed(error.Message);
        }
    });

    public void Dispose()
    {
        _work.CompleteAdding();
        _ending.Cancel();
        _thread.Join();
        _ending.Dispose();
        _work.Dispose();
    }
}
