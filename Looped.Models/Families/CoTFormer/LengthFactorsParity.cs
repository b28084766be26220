using System.Globalization;
using System.Text.Json.Nodes;
using Looped.Models.Evaluation.Parity;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// Kind `length_factors`: from uniform draws to the shares of tokens that the routers let on, a row for each entry of each method under
/// `methods`. `length_factors` are there the running products of the shares.
/// </summary>
internal sealed class LengthFactorsParity : IParityKind
{
    /// <inheritdoc/>
    public IEnumerable<ParityRow> Run(ParityVector vector)
    {
        (string Method, JsonObject Entry)[] entries =
        [
            .. vector.Json.Section("methods", vector.Path).SelectMany(m => (m.Value as JsonArray ?? []).OfType<JsonObject>().Select(entry => (m.Key, entry))),
        ];
        if (entries.Length == 0) return [ParityRow.Failure(vector.Name, vector.Kind, "nothing was compared: the file has no methods")];
        return entries.Select(e => Run(vector, e.Method, e.Entry));
    }

    private static ParityRow Run(ParityVector vector, string method, JsonObject entry)
    {
        int repeats = entry.Integer("n_repeat", vector.Path);
        ParityCase parity = ParityCase.OfNumbers(vector, string.Create(CultureInfo.InvariantCulture, $"{method}:R={repeats},seed={entry["seed"]?.ToJsonString() ?? "none"}"));
        IReadOnlyList<double> draws = entry.Reals("uniform_draws", vector.Path) ?? throw new LoopedException($"{vector.Path}: an entry of {method} has no `uniform_draws`.");
        int used = 0;
        IReadOnlyList<double> factors = LengthFactors.Sample(method, repeats - 1, () => (float)draws[used++]), ratios = LengthFactors.Ratios(factors);
        parity.CompareExactly("draws used", used, draws.Count);
        Compare("capacity_ratios", ratios);
        Compare("length_factors", [.. ratios.Select((_, i) => ratios.Take(i + 1).Aggregate((product, ratio) => product * ratio))]);
        return parity.Conclude();

        void Compare(string key, IReadOnlyList<double> actual)
        {
            if (entry.Reals(key, vector.Path) is not { } expected) return;
            parity.CompareExactly($"{key}: how many", actual.Count, expected.Count);
            foreach ((int i, double value) in expected.Index().Take(actual.Count)) parity.Compare($"{key}[{i}]", actual[i], value);
        }
    }
}
