namespace Looped.Models.Families.CoTFormer;

/// <summary>Parameter names. Ours are those of the reference's state dict; this is the one place that knows what else stands in it.</summary>
internal static class CoTFormerNames
{
    private const string CompiledPrefix = "_orig_mod.";

    /// <summary>Our name of a tensor in a reference checkpoint, or null for one that is no parameter of ours (a buffer, a tied copy, the router that nobody asks).</summary>
    /// <param name="name">Its name there.</param>
    /// <param name="config">The model.</param>
    public static string? FromReference(string name, CoTFormerConfig config)
    {
        string plain = name.Replace(CompiledPrefix, "", StringComparison.Ordinal);
        // Only names that end so are the causal buffer: c_attn.bias and q_attn.bias are parameters.
        bool buffer = plain.EndsWith(".attn.bias", StringComparison.Ordinal) || plain.StartsWith("transformer.wpe.", StringComparison.Ordinal);
        return buffer || plain is "lm_head.weight" or "to_logits.1.weight" || plain == UnusedRouter(config) ? null : plain;
    }

    /// <summary>The reference's last router, which no repeat follows: its checkpoints hold it, but it is never trained.</summary>
    public static string UnusedRouter(CoTFormerConfig config) => $"transformer.mod.{config.Repeats - 1}.mod_router.weight";

    /// <summary>Whether a parameter is a matrix that writes to the residual stream.</summary>
    public static bool IsResidualProjection(string name) => name.EndsWith(".c_proj.weight", StringComparison.Ordinal);
}
