namespace Looped.Models.Families.Ouro;

/// <summary>Parameter names. Ours are those of the public checkpoints (section 6.5).</summary>
internal static class OuroNames
{
    /// <summary>Our name of a tensor in a public checkpoint, or null for the table of frequencies that some hold.</summary>
    public static string? FromReference(string name) => name.EndsWith("rotary_emb.inv_freq", StringComparison.Ordinal) ? null : name;

    /// <summary>Whether a parameter belongs to a step; the embedding, the head and the gate stand outside.</summary>
    public static bool IsOfAStep(string name) =>
        name.StartsWith("model.layers.", StringComparison.Ordinal) || name.StartsWith("model.norm.", StringComparison.Ordinal);
}
