using System.Text.Json.Nodes;
using Looped.Models.Evaluation.Parity;

namespace Looped.Models.Families.CoTFormer;

/// <summary>Kind `macs`: multiply–accumulates, a row for each configuration; a row's name begins with the reference's name of the variant.</summary>
internal sealed class MacsParity : IParityKind
{
    private static readonly Dictionary<string, string> VariantOfKind = new()
    {
        ["but"] = "but_full_depth",
        ["cot"] = "cotformer_full_depth",
        ["lncot"] = "cotformer_full_depth_lnmid_depthemb",
        ["adm"] = "adaptive_cotformer_mod_efficient_sigmoid_crw_lnmid_de_random_factor_single_final",
        ["abut"] = "but_mod_efficient_sigmoid_lnmid_depthemb_random_factor_for_mac_compute",
    };

    /// <inheritdoc/>
    public IEnumerable<ParityRow> Run(ParityVector vector)
    {
        // Every array of the file is a table of rows: `tiny` and `paper_scale` in the published one.
        JsonObject[] rows = [.. vector.Json.Select(entry => entry.Value).OfType<JsonArray>().SelectMany(table => table.OfType<JsonObject>())];
        if (rows.Length == 0) return [ParityRow.Failure(vector.Name, vector.Kind, "nothing was compared: the file has no table of rows")];
        return rows.Select(row => Run(vector, row));
    }

    private static ParityRow Run(ParityVector vector, JsonObject row)
    {
        string variant = row["model"]?.GetValue<string>() ?? VariantName(row.Text("kind", vector.Path));
        ParityCase parity = ParityCase.OfNumbers(vector, Describe(variant, row, vector.Path));
        try
        {
            CoTFormerConfig config = CoTFormerReference.Config(row, variant, vector.Path);
            long expected = row["macs"]?.GetValue<long>() ?? throw new LoopedException($"{vector.Path}: a row has no whole number `macs`.");
            using CoTFormerModel model = CoTFormerFamily.Build(config, row.Integer("vocab_size", vector.Path));
            parity.CompareExactly("macs", model.MultiplyAccumulates(row.Integer("seq_len", vector.Path)), expected);
        }
        catch (LoopedException e)
        {
            return parity.Fail(e.Message);
        }
        return parity.Conclude();
    }

    private static string VariantName(string kind) => VariantOfKind.GetValueOrDefault(kind, kind);

    private static string Describe(string variant, JsonObject row, string path)
    {
        string factors = row["eval_length_factor"] is JsonArray list ? $",f={string.Join("+", list.Select(f => f!.ToJsonString()))}" : "";
        return $"{variant}:T={row.Integer("seq_len", path)},D={row.Integer("n_embd", path)},L={row.Integer("n_layer", path)},"
            + $"R={row.Integer("n_repeat", path, absent: 1)},{row.Integer("n_layer_begin", path, absent: 0)}+{row.Integer("n_layer_end", path, absent: 0)}{factors}";
    }
}
