using System.Text.RegularExpressions;

namespace Looped.Models.Evaluation.Parity;

/// <summary>
/// Globs over `name` and `name/row`: <c>*</c> stands for any characters, <c>?</c> for one; the first slash of a glob stands between
/// name and row. A glob without a slash that matches a vector's name selects all its rows.
/// </summary>
internal sealed class ParityFilter(IReadOnlyList<string> globs)
{
    private readonly (Regex Name, Regex? Row)[] _globs = [.. globs.Select(Parse)];

    /// <summary>Whether some row of a vector may be wanted, so that it has to run.</summary>
    public bool MayWant(string vector) => _globs.Length == 0 || Array.Exists(_globs, g => g.Name.IsMatch(vector));

    /// <summary>Whether a row is wanted.</summary>
    public bool Wants(string vector, string row) =>
        _globs.Length == 0 || Array.Exists(_globs, g => g.Name.IsMatch(vector) && (g.Row is null || g.Row.IsMatch(row)));

    private static (Regex, Regex?) Parse(string glob) =>
        glob.IndexOf('/', StringComparison.Ordinal) is var slash and >= 0 ? (ToRegex(glob[..slash]), ToRegex(glob[(slash + 1)..])) : (ToRegex(glob), null);

    private static Regex ToRegex(string glob) =>
        new("^" + Regex.Escape(glob).Replace(@"\*", ".*", StringComparison.Ordinal).Replace(@"\?", ".", StringComparison.Ordinal) + "$",
            RegexOptions.CultureInvariant | RegexOptions.Singleline);
}
