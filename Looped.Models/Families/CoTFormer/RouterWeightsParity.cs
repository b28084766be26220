using System.Globalization;
using System.Text.Json.Nodes;
using Looped.Models.Evaluation.Parity;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// Kind `router_weights`: the routers' weights of the model of another vector (`weights_from`, beside this one), raw and as the per-token
/// cascade, and the length factors that thresholds give.
/// </summary>
internal sealed class RouterWeightsParity : IParityKind
{
    private const int ReferenceGrid = 256;

    /// <inheritdoc/>
    public IEnumerable<ParityRow> Run(ParityVector vector)
    {
        string other = Path.Combine(Path.GetDirectoryName(vector.Path)!, vector.Json.Text("weights_from", vector.Path));
        using CoTFormerModel model = CoTFormerReference.Model(ParityVector.Load(Path.ChangeExtension(other, ".json"), vector.Precision, vector.Device.ToString()));
        foreach (ParityCase parity in vector.Cases()) yield return Run(model, parity);
    }

    private static ParityRow Run(CoTFormerModel model, ParityCase parity)
    {
        using var scope = NewDisposeScope();
        Tensor raw = RouterWeights.Raw(model, parity.Given("input.tokens")), cascade = RouterWeights.Cascade(raw);
        for (int k = 1; k <= raw.shape[0]; k++)
        {
            parity.Offer($"raw.slot{k}", raw.select(0, k - 1));
            parity.Offer($"pertoken_cascade.slot{k}", cascade.select(0, k - 1));
        }
        string path = parity.Vector.Path;
        foreach (JsonObject row in (parity.Vector.Json["threshold_factors"] as JsonArray ?? []).OfType<JsonObject>())
        {
            double threshold = row.Real("threshold", path);
            IReadOnlyList<double> expected = row.Reals("eval_length_factor", path) ?? throw new LoopedException($"{path}: threshold {threshold} has no `eval_length_factor`.");
            foreach ((int i, double factor) in RouterWeights.Factors(cascade, threshold, ReferenceGrid).Index())
                parity.Compare(string.Create(CultureInfo.InvariantCulture, $"factors at {threshold}[{i}]"), factor, i < expected.Count ? expected[i] : double.NaN);
        }
        return parity.Conclude();
    }
}
