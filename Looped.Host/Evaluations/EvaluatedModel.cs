using System.Text.Json.Nodes;
using Looped.Actors.Recipes;
using Looped.Actors.Runs;
using Looped.Host.CommandLine;
using Looped.Host.Training;
using Looped.Models.Data;
using Looped.Models.Families;
using Spectre.Console;

namespace Looped.Host.Evaluations;

/// <summary>An opened checkpoint with the text on which it is evaluated.</summary>
internal sealed class EvaluatedModel : IDisposable
{
    private readonly CheckpointModel _opened;
    private readonly EvalRequest _request;
    private readonly IValidationSource _validation;

    private EvaluatedModel(CheckpointModel opened, EvalRequest request)
    {
        (_opened, _request) = (opened, request);
        SequenceLength = request.SequenceLength ?? opened.Recipe.Model.SequenceLength;
        _validation = request.SequenceLength is { } length ? opened.Data.Dataset.Validation(length) : opened.Data.Validation;
        Sequences = Math.Min(_validation.SequenceCount, (long)MicroSequences * (request.Batches ?? int.MaxValue));
    }

    public LanguageModel Model => _opened.Model;

    /// <summary>The folder of the checkpoint.</summary>
    public string Path => _opened.Checkpoint.Path;

    /// <summary>Its run and step, for people.</summary>
    public string Name => $"{_opened.Recipe.Name}, step {_opened.Checkpoint.Snapshot.Step}";

    public IDataset Dataset => _opened.Data.Dataset;

    /// <summary>The recipe of the run.</summary>
    public RunRecipe Recipe => _opened.Recipe;

    /// <summary>The name of the run folder; the recipe's where the checkpoint lies in none.</summary>
    public string RunName => EvaluationFiles.RunOf([Path]) is { } run ? new RunFolder(run).Name : Recipe.Name;

    /// <summary>T.</summary>
    public int SequenceLength { get; }

    /// <summary>Validation sequences that are read.</summary>
    public long Sequences { get; }

    /// <summary>The validation text, or as much of it as was asked for, spread evenly.</summary>
    public IEnumerable<MicroBatch> Validation => _validation.Batches(MicroSequences, _request.Batches);

    /// <summary>As many random sequences of the training text, the same ones for every checkpoint: seed 0, as in the original.</summary>
    public IEnumerable<MicroBatch> Training
    {
        get
        {
            IMicroBatchSource source = Dataset.Training(SequenceLength, seed: 0, MicroSequences, MicroSequences);
            for (long step = 0; step * MicroSequences < Sequences; step++) yield return source.Load(step, 0);
        }
    }

    private int MicroSequences => _opened.Recipe.Batch.MicroSequences;

    /// <summary>Opens a checkpoint; text that it was not trained on is warned of.</summary>
    public static EvaluatedModel Open(EvalRequest request, string path)
    {
        CheckpointModel opened = CheckpointModel.Open(path, request.Overrides);
        try
        {
            if (opened.Data.Dataset.ContentHash != opened.Checkpoint.Info.DataSha256)
                Terminal.Error.WriteWarning("the data set is not the one the checkpoint was trained on; its validation text may have been seen in training, or be of another kind.");
            return new EvaluatedModel(opened, request);
        }
        catch
        {
            opened.Dispose();
            throw;
        }
    }

    /// <summary>What identifies it, as the beginning of a JSON object.</summary>
    public JsonObject Facts() => new()
    {
        ["checkpoint"] = Path,
        ["step"] = _opened.Checkpoint.Snapshot.Step,
        ["weights_sha256"] = _opened.Checkpoint.Manifest.WeightsSha256,
        ["sequence_length"] = SequenceLength,
    };

    /// <summary>Runs something that tells how far it is, with a bar where a person looks.</summary>
    /// <param name="what">What is done.</param>
    /// <param name="total">The number that is told at the end.</param>
    /// <param name="run">Given where to tell; null if nobody looks.</param>
    public static T Watch<T>(string what, double total, Func<Action<double>?, T> run) => !Terminal.Error.IsInteractive
        ? run(null)
        : Terminal.Error.Console.Progress().AutoClear(true).Start(context =>
        {
            ProgressTask task = context.AddTask(Markup.Escape(what), maxValue: total);
            return run(done => task.Value = done);
        });

    public void Dispose() => _opened.Dispose();
}
