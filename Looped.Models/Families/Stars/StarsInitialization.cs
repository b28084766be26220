using Looped.Models.Layers;
using Looped.Models.Randomness;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Families.Stars;

/// <summary>
/// Initial weights (section 2.4): maps and embeddings N(0, 0.02²), biases 0, norms 1. With `deep_norm`, in any structure, the output maps
/// of the looped layers are Xavier-normal with gain √(α/2) instead, as the reference has it.
/// </summary>
internal static class StarsInitialization
{
    private const double Deviation = 0.02;

    /// <summary>Draws every parameter from the stream of its own name.</summary>
    public static void Apply(StarsModel model, RandomStream initialization)
    {
        using var quiet = no_grad();
        HashSet<string> norms = [.. model.named_modules().Where(m => m.module is LayerNorm or RmsNorm).Select(m => $"{m.name}.weight")];
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
        {
            if (name.EndsWith(".bias", StringComparison.Ordinal)) parameter.zero_();
            else if (norms.Contains(name)) parameter.fill_(One);
            else initialization.For(name).FillNormal_(parameter, DeviationOf(name, parameter.shape, model.Config));
        }
    }

    private static double DeviationOf(string name, long[] shape, StarsConfig config) =>
        config.NormType == NormType.DeepNorm && name.StartsWith("layers.", StringComparison.Ordinal) && name.EndsWith(".c_proj.weight", StringComparison.Ordinal)
            ? Math.Sqrt(config.DeepnormAlpha / 2) * Math.Sqrt(2.0 / (shape[0] + shape[1]))
            : Deviation;
}
