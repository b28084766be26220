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

    [GeneratedRegex(@"^[A-Za-z0-9_@%+=:,./-]+\z")]
    private static partial Regex Plain();
}
