using Looped.Models.Checkpoints;

namespace Looped.Models.Families;

/// <summary>The weights that a recipe's `model.weights` names, in place of drawn ones.</summary>
public static class StartingWeights
{
    /// <summary>Overwrites a model's weights with those that its configuration names; does nothing if it names none.</summary>
    /// <exception cref="LoopedException">They cannot be read, or are those of another model.</exception>
    public static void Load(LanguageModel model, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (config.Weights.Length == 0) return;
        try
        {
            model.LoadWeights(Read(config));
        }
        catch (LoopedException e)
        {
            throw new LoopedException($"model.weights: {config.Weights}: {e.Message}", e);
        }
    }

    private static IReadOnlyList<NamedTensor> Read(ModelConfig config)
    {
        string path = config.Weights;
        Func<string, string?> name = FamilyRegistry.Find(config.Family) is IPublicFormat format ? format.ParameterName : tensor => tensor;
        if (File.Exists(path)) return [.. SafetensorsFile.ReadAll(path).Where(t => name(t.Name) is not null).Select(t => t with { Name = name(t.Name)! })];
        if (!Directory.Exists(path)) throw new LoopedException("there is no such file or folder.");
        return PublicFolder.Is(path) ? PublicFolder.Open(path).Read(name) : CheckpointReader.Load(CheckpointStore.Resolve(path)).Snapshot.Parameters;
    }
}
