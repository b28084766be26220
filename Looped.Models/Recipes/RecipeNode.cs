namespace Looped.Models.Recipes;

/// <summary>Where a value of a recipe was written.</summary>
/// <param name="Where">For a person: <c>quickstart.yaml:12</c> or <c>--set model.width=3</c>.</param>
/// <param name="OverridePath">The whole key of a <c>--set</c>; null in a file.</param>
internal sealed record Origin(string Where, string? OverridePath = null);

/// <summary>A recipe before its keys have types: the tree of a YAML document, each node knowing where it stands.</summary>
internal abstract record RecipeNode(Origin Origin);

/// <summary>A scalar.</summary>
/// <param name="Origin">Where it stands.</param>
/// <param name="Value">Its text, quotes removed.</param>
/// <param name="Quoted">Whether it was quoted, and therefore is text and nothing else.</param>
internal sealed record TextNode(Origin Origin, string Value, bool Quoted) : RecipeNode(Origin)
{
    /// <summary>Whether it stands for "no value".</summary>
    public bool IsNull => !Quoted && Value is "" or "~" or "null";
}

/// <summary>A list.</summary>
internal sealed record ListNode(Origin Origin, IReadOnlyList<RecipeNode> Items) : RecipeNode(Origin);

/// <summary>A mapping; a key may stand in it twice, which the binder reports.</summary>
internal sealed record SectionNode(Origin Origin, IReadOnlyList<(TextNode Key, RecipeNode Value)> Entries) : RecipeNode(Origin);
