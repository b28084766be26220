using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;

namespace Looped.Host.Recipes;

/// <summary>The summaries of doc comments, read from the XML files that the compiler puts beside the assemblies.</summary>
internal sealed partial class DocComments
{
    private readonly Dictionary<string, XElement> _members;

    private DocComments(Dictionary<string, XElement> members) => _members = members;

    /// <summary>Reads the files of some assemblies.</summary>
    public static DocComments Load(params Assembly[] assemblies) => new(assemblies
        .Select(a => XDocument.Load(Path.Combine(AppContext.BaseDirectory, $"{a.GetName().Name}.xml"), LoadOptions.PreserveWhitespace))
        .SelectMany(d => d.Descendants("member"))
        .ToDictionary(m => m.Attribute("name")!.Value));

    /// <summary>The summary of a property as one line of Markdown.</summary>
    public string Of(PropertyInfo property) => Summary($"P:{Name(property.DeclaringType!)}.{property.Name}");

    /// <summary>The summary of a type as one line of Markdown.</summary>
    public string Of(Type type) => Summary($"T:{Name(type)}");

    private string Summary(string member) => _members.TryGetValue(member, out XElement? element) && element.Element("summary") is { } summary
        ? Spaces().Replace(string.Concat(summary.Nodes().Select(Markdown)), " ").Trim()
        : "";

    private static string Markdown(XNode node) => node switch
    {
        XText text => text.Value,
        XElement { Name.LocalName: "see" } see => $"`{see.Attribute("cref")?.Value.Split('.', ':')[^1] ?? see.Attribute("langword")!.Value}`",
        XElement { Name.LocalName: "c" } code => $"`{code.Value}`",
        XElement other => string.Concat(other.Nodes().Select(Markdown)),
        _ => "",
    };

    private static string Name(Type type) => type.FullName!.Replace('+', '.');

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
