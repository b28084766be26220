using System.Text;
using System.Text.RegularExpressions;

namespace Looped.Host.Slurm;

/// <summary>Text for a shell to read back as it was.</summary>
internal static partial class ShellText
{
    /// <summary>One word: as it is where that is safe, in single quotes otherwise.</summary>
    public static string Quote(string word) =>
        Plain().IsMatch(word) ? word : $"'{word.Replace("'", @"'\''", StringComparison.Ordinal)}'";

    /// <summary>The elements of an array, between its parentheses.</summary>
    public static string Words(IEnumerable<string> words) => string.Join(' ', words.Select(Quote));

    /// <summary>The words of a line as a shell would take them apart, quotes and backslashes heeded, nothing else expanded; null if a quote is not closed.</summary>
    public static IReadOnlyList<string>? Split(string line)
    {
        var words = new List<string>();
        StringBuilder? word = null;
        char? quote = null;
        for (int i = 0; i < line.Length; i++)
        {
            char c = line[i];
            if (quote is null && char.IsWhiteSpace(c))
            {
                if (word is not null) words.Add(word.ToString());
                word = null;
                continue;
            }
            word ??= new StringBuilder();
            if (c == quote) quote = null;
            else if (quote is null && c is '\'' or '"') quote = c;
            else if (c != '\\' || quote == '\'') word.Append(c);
            else if (++i == line.Length) return null;
            else if (quote is null || line[i] is '"' or '\\' or '$' or '`') word.Append(line[i]);
            else word.Append(c).Append(line[i]);
        }
        if (word is not null) words.Add(word.ToString());
        return quote is null ? words : null;
    }

    [GeneratedRegex(@"^[A-Za-z0-9_@%+=:,./-]+\z")]
    private static partial Regex Plain();
}
