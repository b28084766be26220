using System.Globalization;
using System.Text.RegularExpressions;
using Looped.Models.Evaluation.Parity;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// The reference keeps the tokens of a repeat in the order in which top-k happened to select them; ours stand by position. This puts the
/// file's tensors in our order, by the positions that the file gives; where it gives none, nothing was reordered.
/// </summary>
internal sealed partial class TokenOrder(ParityCase parity)
{
    /// <summary>A tensor of the file, whose name without `trace.` is given, by position.</summary>
    public Tensor Arrange(string name, Tensor file)
    {
        if (Named().Match(name) is not { Success: true } match) return file;
        int number = int.Parse(match.Groups["number"].Value, CultureInfo.InvariantCulture);
        bool router = match.Groups["kind"].Value == "router";
        // Router k looks at the tokens of repeat k + 1.
        if (parity.Find($"trace.rep{(router ? number + 1 : number)}.positions")?.cpu() is not { } positions) return file;
        if (!router || match.Groups["what"].Value is "logits" or "is_final") return Sort(file, positions);

        if (parity.Find($"trace.router{number}.selected")?.cpu() is not { } selected) return file;
        Tensor chosen = positions.gather(1, selected);                          // (B, k): positions of those that go on
        return match.Groups["what"].Value == "selected" ? Sort(chosen, chosen) : Sort(file, chosen);
    }

    private static Tensor Sort(Tensor values, Tensor positions)
    {
        Tensor order = argsort(positions, dim: 1);
        if (values.ndim == 3) order = order.unsqueeze(2).expand_as(values);
        return values.gather(1, order);
    }

    [GeneratedRegex(@"^(?<kind>rep|router)(?<number>\d+)\.(?<what>\w+)$")]
    private static partial Regex Named();
}
