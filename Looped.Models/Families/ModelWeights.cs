using Looped.Models.Checkpoints;
using Looped.Models.Recipes;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Looped.Models.Families;

/// <summary>Moves a model to its device and fills it from stored tensors.</summary>
public static class ModelWeights
{
    /// <summary>Converts to the precision and device of a recipe.</summary>
    public static void Place(this LanguageModel model, TrainingRecipe training)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(training);
        if (training.Precision == Precision.Float64) model.to(ScalarType.Float64);
        if (training.Precision == Precision.Bfloat16Weights) model.to(ScalarType.BFloat16);
        var device = new Device(training.Device);
        if (device.type != DeviceType.CPU) model.to(device);
        model.Mixed = training.Precision == Precision.Bfloat16 ? device.type : null;
    }

    /// <summary>Overwrites every parameter. Element types are converted; names and shapes must be the model's.</summary>
    /// <exception cref="LoopedException">A tensor is missing, surplus or of another shape; all are listed.</exception>
    public static void LoadWeights(this LanguageModel model, IReadOnlyList<NamedTensor> weights)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(weights);
        Dictionary<string, NamedTensor> byName = weights.ToDictionary(w => w.Name);
        (string Name, Parameter Parameter)[] parameters = [.. model.named_parameters()];
        string[] problems =
        [
            .. parameters.Where(p => !byName.ContainsKey(p.Name)).Select(p => $"{p.Name} is missing"),
            .. parameters.Where(p => byName.TryGetValue(p.Name, out NamedTensor? w) && !w.Shape.SequenceEqual(p.Parameter.shape))
                .Select(p => $"{p.Name} is ({string.Join(", ", byName[p.Name].Shape)}) instead of ({string.Join(", ", p.Parameter.shape)})"),
            .. byName.Keys.Except(parameters.Select(p => p.Name)).Order(StringComparer.Ordinal).Select(n => $"{n} is not part of this model"),
        ];
        if (problems.Length > 0)
            throw new LoopedException($"The weights do not fit the model: {string.Join("; ", problems)}. Use the recipe that they were trained with.");

        using IDisposable noGrad = no_grad();
        foreach (var (name, parameter) in parameters)
        {
            using Tensor host = byName[name].ToTensor();
            parameter.copy_(host);
        }
    }
}
