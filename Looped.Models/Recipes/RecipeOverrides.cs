namespace Looped.Models.Recipes;

/// <summary>Applies <c>--set key=value</c> to a recipe's tree, before its keys are checked: an override is checked like any other line.</summary>
internal static class RecipeOverrides
{
    /// <summary>The tree with the overrides in it; later ones win.</summary>
    /// <exception cref="UsageException">An override is not of the form <c>a.b=value</c>.</exception>
    public static SectionNode Apply(SectionNode root, IEnumerable<string> overrides) => overrides.Aggregate(root, Apply);

    private static SectionNode Apply(SectionNode root, string text)
    {
        int equals = text.IndexOf('=', StringComparison.Ordinal);
        string key = equals < 0 ? "" : text[..equals].Trim();
        string[] path = key.Split('.');
        if (path.Contains(""))
            throw new UsageException($"--set {text}: an override is written key=value, such as --set training.steps=50");

        var origin = new Origin($"--set {text}", key);
        return Set(root, path, RecipeYaml.ReadValue(text[(equals + 1)..].Trim(), origin), origin);
    }

    private static SectionNode Set(SectionNode section, ReadOnlySpan<string> path, RecipeNode value, Origin origin)
    {
        List<(TextNode Key, RecipeNode Value)> entries = [.. section.Entries];
        string name = path[0];
        int index = entries.FindIndex(e => e.Key.Value == name);
        if (path.Length > 1)
        {
            var inner = (index < 0 ? null : entries[index].Value as SectionNode) ?? new SectionNode(origin, []);
            value = Set(inner, path[1..], value, origin);
        }

        if (index < 0)
            entries.Add((new TextNode(origin, name, Quoted: false), value));
        else
            entries[index] = (entries[index].Key, value);
        return section with { Entries = entries };
    }
}
