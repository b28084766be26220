using Looped.Models.Layers;
using Looped.Models.Randomness;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// Initial weights (section 1): matrices and embeddings N(0, 0.02), matrices that write to the residual stream N(0, 0.02 / √(2L)) with
/// L the configured layers and not the unrolled depth, norms 1, biases 0.
/// </summary>
internal static class CoTFormerInitialization
{
    private const double Deviation = 0.02;

    /// <summary>Draws every parameter from the stream of its own name.</summary>
    public static void Apply(nn.Module model, int layers, RandomStream initialization)
    {
        using var quiet = no_grad();
        HashSet<string> norms = [.. model.named_modules().Where(m => m.module is LayerNorm).Select(m => $"{m.name}.weight")];
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
        {
            if (name.EndsWith(".bias", StringComparison.Ordinal)) parameter.zero_();
            else if (norms.Contains(name)) parameter.fill_(One);
            else initialization.For(name).FillNormal_(parameter, CoTFormerNames.IsResidualProjection(name) ? Deviation / Math.Sqrt(2 * layers) : Deviation);
        }
    }
}
