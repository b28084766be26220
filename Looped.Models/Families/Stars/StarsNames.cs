namespace Looped.Models.Families.Stars;

/// <summary>Parameter names. Ours are those of the reference's state dict (section 2.5), the tied embedding once.</summary>
internal static class StarsNames
{
    /// <summary>Our name of a tensor in a reference checkpoint, or null for the tied copy.</summary>
    public static string? FromReference(string name) => name == "lm_head.weight" ? null : name;
}
