using System.Globalization;
using System.Text.RegularExpressions;
using Looped.Models.Evaluation.Parity;
using static TorchSharp.torch;

namespace Looped.Models.Families.Stars;

/// <summary>What the family's kinds of vectors share: names that end in a setting, and gradients.</summary>
internal static class StarsParity
{
    /// <summary>The numbers in the names that match a pattern with one group, each once, in order.</summary>
    public static IReadOnlyList<int> Numbers(ParityCase parity, string pattern) =>
        [.. Settings(parity, pattern).Select(n => int.Parse(n, CultureInfo.InvariantCulture)).Order()];

    /// <summary>The texts in the names that match a pattern with one group, each once.</summary>
    public static IReadOnlyList<string> Settings(ParityCase parity, string pattern) =>
        [.. parity.Vector.Tensors.Keys.Where(parity.Owns).Select(name => Regex.Match(name[parity.Prefix.Length..], $"^{pattern}$"))
            .Where(m => m.Success).Select(m => m.Groups[1].Value).Distinct()];

    /// <summary>Computes and offers a value if the file has it.</summary>
    public static void Offer(ParityCase parity, string name, Func<Tensor> value)
    {
        if (parity.Expects(name)) parity.Offer(name, value());
    }

    /// <summary>Offers the gradients that the file has; a parameter without one stands there as zeros.</summary>
    public static void OfferGradients(ParityCase parity, LanguageModel model, string prefix)
    {
        foreach ((string name, TorchSharp.Modules.Parameter parameter) in model.named_parameters())
            Offer(parity, $"{prefix}.{name}", () => parameter.grad ?? zeros_like(parameter));
    }
}
