using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Looped.Models.Recipes;

/// <summary>
/// Reads YAML text into <see cref="RecipeNode"/>s. Anchors and aliases work, tags are ignored (the key decides the type),
/// keys given twice are kept for the binder to report together with everything else.
/// </summary>
internal sealed class RecipeYaml
{
    private const int DeepestNesting = 32;

    private readonly Parser _parser;
    private readonly Func<long, Origin> _at;
    private readonly Dictionary<AnchorName, RecipeNode> _anchors = [];

    private RecipeYaml(TextReader text, Func<long, Origin> at)
    {
        _parser = new Parser(text);
        _at = at;
    }

    /// <summary>Reads a document that must be a mapping.</summary>
    /// <param name="text">YAML.</param>
    /// <param name="file">Its name in error messages.</param>
    /// <exception cref="UsageException">The text is not YAML, or not a mapping.</exception>
    public static SectionNode ReadFile(string text, string file)
    {
        RecipeNode? root = Read(text, line => new Origin($"{file}:{line}"));
        return root switch
        {
            SectionNode section => section,
            null => throw new UsageException($"{file}: the recipe is empty; `looped recipe show quickstart` prints a complete one"),
            _ => throw new UsageException($"{root.Origin.Where}: a recipe is made of `key: value` lines"),
        };
    }

    /// <summary>Reads the value of a <c>--set</c>: a list, a section or a quoted text in YAML, anything else as it stands.</summary>
    /// <exception cref="UsageException">It looks like YAML and is not.</exception>
    public static RecipeNode ReadValue(string text, Origin origin) =>
        text is ['[' or '{' or '"' or '\'', ..]
            ? Read(text, _ => origin)!
            : new TextNode(origin, text, Quoted: false);

    private static RecipeNode? Read(string text, Func<long, Origin> at)
    {
        using var reader = new StringReader(text);
        var yaml = new RecipeYaml(reader, at);
        try
        {
            return yaml.ReadDocument();
        }
        catch (YamlException e)
        {
            throw NotYaml(e.End.Line, $"{char.ToLowerInvariant(e.Message[0])}{e.Message[1..].TrimEnd('.')}", e);
        }
        catch (InvalidOperationException e)
        {
            // What YamlDotNet 18.1 says when a bracket that was opened on an earlier line is never closed.
            throw NotYaml(yaml._parser.Current?.Start.Line ?? 1, "a bracket that opens here is not closed", e);
        }

        UsageException NotYaml(long line, string sentence, Exception cause) =>
            new($"{at(line).Where}: this is not valid YAML: {sentence}", cause);
    }

    private RecipeNode? ReadDocument()
    {
        _parser.Consume<StreamStart>();
        if (_parser.Accept<StreamEnd>(out _))
            return null;
        _parser.Consume<DocumentStart>();
        RecipeNode root = ReadNode(0);
        _parser.Consume<DocumentEnd>();
        if (_parser.Accept<DocumentStart>(out var second))
            throw new YamlException(second.Start, second.End, "A recipe is one document, here a second one begins");
        return root is TextNode { IsNull: true } ? null : root;
    }

    private RecipeNode ReadNode(int depth)
    {
        if (_parser.TryConsume<AnchorAlias>(out var alias))
            return _anchors.GetValueOrDefault(alias.Value)
                ?? throw new YamlException(alias.Start, alias.End, $"Nothing before it is called &{alias.Value}");

        var start = (NodeEvent)_parser.Current!;
        if (depth > DeepestNesting)
            throw new YamlException(start.Start, start.End, "It is nested too deeply");
        Origin origin = _at(start.Start.Line);
        RecipeNode node = start switch
        {
            Scalar => ReadText(origin),
            SequenceStart => ReadList(origin, depth),
            _ => ReadSection(origin, depth),
        };
        if (!start.Anchor.IsEmpty)
            _anchors[start.Anchor] = node;
        return node;
    }

    private TextNode ReadText(Origin origin)
    {
        var scalar = _parser.Consume<Scalar>();
        return new TextNode(origin, scalar.Value, scalar.Style is not ScalarStyle.Plain);
    }

    private ListNode ReadList(Origin origin, int depth)
    {
        _parser.Consume<SequenceStart>();
        var items = new List<RecipeNode>();
        while (!_parser.TryConsume<SequenceEnd>(out _))
            items.Add(ReadNode(depth + 1));
        return new ListNode(origin, items);
    }

    private SectionNode ReadSection(Origin origin, int depth)
    {
        _parser.Consume<MappingStart>();
        var entries = new List<(TextNode, RecipeNode)>();
        while (!_parser.TryConsume<MappingEnd>(out _))
        {
            ParsingEvent place = _parser.Current!;
            TextNode key = ReadNode(depth + 1) as TextNode ?? throw new YamlException(place.Start, place.End, "A key must be a word");
            entries.Add((key, ReadNode(depth + 1)));
        }

        return new SectionNode(origin, entries);
    }
}
