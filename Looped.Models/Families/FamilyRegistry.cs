using Looped.Models.Families.CoTFormer;
using Looped.Models.Families.Ouro;
using Looped.Models.Families.Stars;

namespace Looped.Models.Families;

/// <summary>Every family under the roof, a line each.</summary>
public static class FamilyRegistry
{
    /// <summary>All families, in the order `looped recipe` and the documentation list them.</summary>
    public static IReadOnlyList<IFamily> All { get; } =
    [
        new CoTFormerFamily(),
        new StarsFamily(),
        new OuroFamily(),
    ];

    /// <summary>Finds a family by name, or null.</summary>
    public static IFamily? Find(string name) => All.FirstOrDefault(f => f.Name == name);
}
