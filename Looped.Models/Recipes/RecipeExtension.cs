namespace Looped.Models.Recipes;

/// <summary>
/// `extends: OTHER.yaml` in a recipe file: all that the other one says holds, its `name` excepted, but for what this one says itself.
/// Sections are merged key by key; values and lists are replaced.
/// </summary>
internal static class RecipeExtension
{
    /// <summary>The key.</summary>
    public const string Key = "extends";

    /// <summary>Reads a recipe file and what it extends.</summary>
    /// <exception cref="UsageException">One of the files cannot be read, or they extend each other.</exception>
    public static SectionNode Read(string path) => Read(path, from: null, []);

    private static SectionNode Read(string path, Origin? from, IReadOnlyList<string> readers)
    {
        if (readers.Contains(Path.GetFullPath(path)))
            throw new UsageException($"{from!.Where}: {Key}: {Path.GetFileName(path)} extends this recipe in its turn; one of them has to stand on its own");

        SectionNode own = RecipeYaml.ReadFile(Text(path, from), path);
        (TextNode Key, RecipeNode Value)[] named = [.. own.Entries.Where(e => e.Key.Value == Key)];
        if (named.Length == 0) return own;
        if (named is not [(_, TextNode { IsNull: false } other)])
            throw new UsageException($"{named[^1].Key.Origin.Where}: {Key}: must be the path of one recipe file, such as `{Key}: quickstart.yaml`");

        string beside = Path.Combine(Path.GetDirectoryName(path) ?? "", other.Value);
        SectionNode extended = Read(beside, other.Origin, [.. readers, Path.GetFullPath(path)]);
        return Merge(extended with { Entries = Without(extended, "name") }, own with { Entries = Without(own, Key) });
    }

    private static string Text(string path, Origin? from)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{(from is null ? "" : $"{from.Where}: {Key}: ")}The recipe {path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Keys that <paramref name="own"/> gives twice stay so: the binder reports them.</summary>
    private static SectionNode Merge(SectionNode extended, SectionNode own) => own with
    {
        Entries =
        [
            .. extended.Entries.Where(e => own.Entries.All(o => o.Key.Value != e.Key.Value)),
            .. own.Entries.Select(o => (o.Key, o.Value is SectionNode section && Find(extended, o.Key.Value) is SectionNode before ? Merge(before, section) : o.Value)),
        ],
    };

    private static RecipeNode? Find(SectionNode section, string key) => section.Entries.FirstOrDefault(e => e.Key.Value == key).Value;

    private static IReadOnlyList<(TextNode Key, RecipeNode Value)> Without(SectionNode section, string key) => [.. section.Entries.Where(e => e.Key.Value != key)];
}
