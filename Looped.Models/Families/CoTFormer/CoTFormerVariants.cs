namespace Looped.Models.Families.CoTFormer;

/// <summary>The family's variants: short names of ours, and those of the reference code.</summary>
internal static class CoTFormerVariants
{
    /// <summary>A plain transformer.</summary>
    public const string Base = "base";

    /// <summary>Repeats that see the keys of all repeats before them.</summary>
    public const string CoTFormer = "cotformer";

    /// <summary>The same with a norm after each repeat and depth embeddings.</summary>
    public const string LnCoTFormer = "ln_cotformer";

    /// <summary>Every variant that can be built.</summary>
    public static IReadOnlyList<string> All { get; } = [Base, CoTFormer, LnCoTFormer];

    private static readonly Dictionary<string, string> ByReferenceName = new()
    {
        ["cotformer_full_depth"] = CoTFormer,
        ["cotformer_full_depth_lnmid_depthemb"] = LnCoTFormer,
    };

    /// <summary>Our name of a variant; anything unknown as it is.</summary>
    public static string ShortName(string name) => ByReferenceName.GetValueOrDefault(name, name);
}
