using Looped.Models.Checkpoints;
using Looped.Models.Families;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Looped.Models.Evaluation.Parity;

/// <summary>Gives a model the weights of a reference vector.</summary>
public static class ParityWeights
{
    private const string Prefix = "param.";

    /// <summary>Copies every `param.*` tensor.</summary>
    /// <param name="model">Already converted to the precision it computes in.</param>
    /// <param name="vector">The vector.</param>
    /// <param name="rename">Our name of a reference name; null for a tensor that is no parameter of ours.</param>
    /// <param name="optional">Which parameters the file may leave out, because the vector does not use them; they stay as they are. Null for none.</param>
    /// <exception cref="LoopedException">A parameter is missing, surplus or of another shape; all are listed.</exception>
    public static void Load(LanguageModel model, ParityVector vector, Func<string, string?> rename, Func<string, bool>? optional = null)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(vector);
        ArgumentNullException.ThrowIfNull(rename);
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        Dictionary<string, Parameter> missing = model.named_parameters().ToDictionary(p => p.name, p => p.parameter);
        var problems = new List<string>();
        foreach ((string full, NamedTensor given) in vector.Tensors)
        {
            if (!full.StartsWith(Prefix, StringComparison.Ordinal) || rename(full[Prefix.Length..]) is not { } name) continue;
            if (!missing.Remove(name, out Parameter? parameter)) problems.Add($"{name} is not part of the model");
            else if (!parameter.shape.SequenceEqual(given.Shape))
                problems.Add($"{name} is ({string.Join(", ", given.Shape)}) in the file and ({string.Join(", ", parameter.shape)}) in the model");
            else parameter.copy_(given.ToTensor());
        }
        problems.AddRange(missing.Keys.Where(name => optional?.Invoke(name) != true).Select(name => $"{name} is missing in the file"));
        if (problems.Count > 0) throw new LoopedException($"{vector.Path}: the weights do not fit the model that its config describes: {string.Join("; ", problems)}.");
    }
}
