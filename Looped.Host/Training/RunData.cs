using Looped.Actors.Recipes;
using Looped.Models;
using Looped.Models.Data;
using Looped.Models.Data.Chat;
using Looped.Models.Data.Preparation;
using Looped.Models.Data.Tasks;
using Looped.Models.Families;
using Looped.Models.Randomness;
using Looped.Models.Recipes;

namespace Looped.Host.Training;

/// <summary>A recipe's data set and the model that fits it.</summary>
internal sealed class RunData : IDisposable
{
    private readonly RunRecipe _recipe;

    private RunData(RunRecipe recipe, IDataset dataset)
    {
        (_recipe, Dataset) = (recipe, dataset);
        Vocabulary = recipe.Model.Vocabulary == 0 ? dataset.VocabularySize : recipe.Model.Vocabulary;
        if (Vocabulary < dataset.VocabularySize)
            throw new UsageException(
                $"model.vocabulary is {Vocabulary:N0}, but the data has {dataset.VocabularySize:N0} different tokens ({dataset.Folder}); " +
                "set it to 0 to take the data's, or to a larger number.");
        Training = dataset.Training(recipe.Model.SequenceLength, recipe.Data.Seed ?? recipe.Seed, recipe.Batch.GlobalSequences, recipe.Batch.MicroSequences);
        Validation = dataset.Validation(recipe.Model.SequenceLength);
    }

    public IDataset Dataset { get; }

    /// <summary>V, rows of the model's embedding.</summary>
    public int Vocabulary { get; }

    public IMicroBatchSource Training { get; }

    public IValidationSource Validation { get; }

    /// <summary>Opens the data a recipe names; text is prepared on first use.</summary>
    /// <exception cref="LoopedException">They are missing, damaged, too small, or do not fit the model.</exception>
    public static RunData Open(RunRecipe recipe, IProgress<PreparationProgress>? progress = null)
    {
        IDataset dataset = (IDataset?)AdditionDataset.Find(recipe.Data) ?? (IDataset?)ChatDataset.Find(recipe.Data, UserFolders.ShippedData)
            ?? DatasetResolver.Resolve(recipe.Data, UserFolders.PreparedData, UserFolders.ShippedData, recipe.Model.SequenceLength, progress);
        try
        {
            VerifiedData.Require(dataset, UserFolders.Verified);
            return new RunData(recipe, dataset);
        }
        catch
        {
            dataset.Dispose();
            throw;
        }
    }

    /// <summary>Opens the data of a run that another node began.</summary>
    /// <param name="recipe">Its recipe.</param>
    /// <param name="hash">Content hash of the data there.</param>
    /// <exception cref="LoopedException">They are other data here.</exception>
    public static RunData OpenSame(RunRecipe recipe, string hash)
    {
        RunData data = Open(recipe);
        if (data.Dataset.ContentHash == hash) return data;
        string here = data.Dataset.ContentHash;
        data.Dispose();
        throw new LoopedException($"The data at {recipe.Data.Source} have another hash here ({here[..12]}…) than on the seed ({hash[..12]}…): give this node the same files.");
    }

    /// <summary>Builds the recipe's model with the weights that training begins with.</summary>
    /// <exception cref="LoopedException">The recipe names weights that cannot be read or do not fit.</exception>
    public LanguageModel CreateModel()
    {
        LanguageModel model = CreateModel(_recipe, Vocabulary);
        try
        {
            StartingWeights.Load(model, _recipe.Model);
            return model;
        }
        catch
        {
            model.Dispose();
            throw;
        }
    }

    /// <summary>Builds a recipe's model with drawn weights.</summary>
    public static LanguageModel CreateModel(Recipe recipe, int vocabulary) =>
        (FamilyRegistry.Find(recipe.Model.Family) ?? throw new UsageException($"model.family: there is no '{recipe.Model.Family}'."))
            .Create(recipe.Model, vocabulary, RandomStream.Create(recipe.Seed, "initialization"));

    public void Dispose() => Dataset.Dispose();
}
