using Looped.Actors.Recipes;
using Looped.Models;
using Looped.Models.Checkpoints;
using Looped.Models.Families;
using Looped.Models.Recipes;
using static TorchSharp.torch;

namespace Looped.Host.Training;

/// <summary>A checkpoint opened for use: its recipe, its data set's tokenizer, its model with the stored weights.</summary>
internal sealed class CheckpointModel : IDisposable
{
    private CheckpointModel(LoadedCheckpoint checkpoint, RunRecipe recipe, RunData data, LanguageModel model) =>
        (Checkpoint, Recipe, Data, Model) = (checkpoint, recipe, data, model);

    public LoadedCheckpoint Checkpoint { get; }

    public RunRecipe Recipe { get; }

    public RunData Data { get; }

    public LanguageModel Model { get; }

    /// <summary>Opens a checkpoint.</summary>
    /// <param name="path">A checkpoint folder, or a run folder of which the newest whole checkpoint is taken.</param>
    /// <param name="overrides">Changes to its recipe, such as <c>data.source=…</c>.</param>
    public static CheckpointModel Open(string path, IEnumerable<string>? overrides = null)
    {
        LoadedCheckpoint checkpoint = CheckpointReader.Load(CheckpointStore.Resolve(path));
        RunRecipe recipe = RecipeFile.Parse<RunRecipe>(checkpoint.Info.Recipe, Path.Combine(checkpoint.Path, "state.json"), overrides ?? []);
        set_num_threads(recipe.Training.Threads);
        RunData data = RunData.Open(recipe);
        LanguageModel model = RunData.CreateModel(recipe, data.Vocabulary);
        try
        {
            model.Place(recipe.Training);
            Fill(model, checkpoint, recipe, path);
            return new CheckpointModel(checkpoint, recipe, data, model);
        }
        catch
        {
            model.Dispose();
            data.Dispose();
            throw;
        }
    }

    private static void Fill(LanguageModel model, LoadedCheckpoint checkpoint, RunRecipe recipe, string path)
    {
        try
        {
            model.LoadWeights(checkpoint.Snapshot.Parameters);
        }
        catch (LoopedException)
        {
            RunRecipe trained = RecipeFile.Parse<RunRecipe>(checkpoint.Info.Recipe, path, []);
            string[] changed = [.. RecipeIdentity.Differences(trained, recipe).Where(d => d.Path.StartsWith("model.", StringComparison.Ordinal)).Select(d => $"{d.Path} {d.A}, not {d.B}")];
            if (changed.Length == 0) throw;
            throw new UsageException($"The checkpoint {path} holds another model: it was trained with {string.Join(", and with ", changed)}; leave that out.");
        }
    }

    public void Dispose()
    {
        Model.Dispose();
        Data.Dispose();
    }
}
