namespace Looped.Models.Families.CoTFormer;

/// <summary>Parameter names. Ours are those of the reference's state dict; this is the one place that knows what else stands in it.</summary>
internal static class CoTFormerNames
{
    private const string CompiledPrefix = "_orig_mod.";

    /// <summary>Our name of a tensor in a reference checkpoint, or null for one that is no parameter (a buffer, or a tied copy).</summary>
    public static string? FromReference(string name)
    {
        string plain = name.Replace(CompiledPrefix, "", StringComparison.Ordinal);
        // Only names that end so are the causal buffer: c_attn.bias and q_attn.bias are parameters.
        bool buffer = plain.EndsWith(".attn.bias", StringComparison.Ordinal) || plain.StartsWith("transformer.wpe.", StringComparison.Ordinal);
        return buffer || plain == "lm_head.weight" ? null : plain;
    }

    /// <summary>Whether a parameter is the matrix of a linear map: those decay (section 5); biases, norms, embeddings and the tied head do not.</summary>
    public static bool IsLinearWeight(string name) =>
        name.EndsWith(".weight", StringComparison.Ordinal) && Owner(name) is "c_attn" or "c_proj" or "c_fc";

    /// <summary>Whether a parameter belongs to a layer norm.</summary>
    public static bool IsNorm(string name) => Owner(name) is "ln_1" or "ln_2" or "ln_mid" or "ln_f";

    /// <summary>Whether a parameter is a matrix that writes to the residual stream.</summary>
    public static bool IsResidualProjection(string name) => name.EndsWith(".c_proj.weight", StringComparison.Ordinal);

    private static string Owner(string name) => name.Split('.') is [.., var owner, _] ? owner : "";
}
