using System.Text.RegularExpressions;

namespace Looped.Models.Evaluation.Parity;

/// <summary>
/// Globs over `name` and `name/row`: <c>*</c> stands for any characters but a slash, <c>?</c> for one. A glob without a slash that
/// matches a vector's name selects all its rows.
/// </summary>
internal sealed class ParityFilter(IReadOnlyList<string> globs)
{
    private readonly Regex[] _names = [.. globs.Where(g => !g.Contains('/')).Select(ToRegex)];
    private readonly Regex[] _rows = [.. globs.Where(g => g.Contains('/')).Select(ToRegex)];
    private readonly Regex[] _namesOfRows = [.. globs.Where(g => g.Contains('/')).Select(g => ToRegex(g[..g.IndexOf('/')]))];

    /// <summary>Whether some row of a vector may be wanted, so that it has to run.</summary>
    public bool MayWant(string vector) => globs.Count == 0 || Any(_names, vector) || Any(_namesOfRows, vector);

    /// <summary>Whether a row is wanted.</summary>
    public bool Wants(string vector, string row) => globs.Count == 0 || Any(_names, vector) || Any(_rows, $"{vector}/{row}");

    private static bool Any(Regex[] patterns, string text) => Array.Exists(patterns, p => p.IsMatch(text));

    private static Regex ToRegex(string glob) =>
        new("^" + Regex.Escape(glob).Replace(@"\*", "[^/]*", StringComparison.Ordinal).Replace(@"\?", "[^/]", StringComparison.Ordinal) + "$",
            RegexOptions.CultureInvariant | RegexOptions.Singleline);
}
