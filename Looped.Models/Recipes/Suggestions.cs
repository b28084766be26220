using Quickenshtein;

namespace Looped.Models.Recipes;

/// <summary>Finds the word a person most likely meant. Shared by the command line and the recipe binder.</summary>
public static class Suggestions
{
    /// <summary>The candidate nearest to a word, or null if none is near. The first of equally near ones wins.</summary>
    /// <param name="word">What was typed.</param>
    /// <param name="candidates">The valid words.</param>
    public static string? Nearest(string word, IEnumerable<string> candidates)
    {
        string typed = Plain(word);
        // A third of the letters may be wrong; letters that only changed places count as one mistake.
        int limit = typed.Length <= 3 ? 1 : Math.Max(2, typed.Length / 3);
        return candidates
            .Select(candidate => (candidate, distance: Distance(typed, candidate, limit)))
            .Where(c => c.distance <= limit)
            .OrderBy(c => c.distance)
            .Select(c => c.candidate)
            .FirstOrDefault();
    }

    /// <summary><c>; did you mean 'train'?</c>, or nothing when no candidate is near. Ends a sentence.</summary>
    /// <param name="word">What was typed.</param>
    /// <param name="candidates">The valid words.</param>
    public static string DidYouMean(string word, IEnumerable<string> candidates) =>
        Nearest(word, candidates) is { } nearest ? $"; did you mean '{nearest}'?" : "";

    private static int Distance(string typed, string candidate, int limit)
    {
        string plain = Plain(candidate);
        int distance = typed.Order().SequenceEqual(plain.Order()) ? Math.Min(1, Levenshtein.GetDistance(typed, plain)) : Levenshtein.GetDistance(typed, plain);
        // Shortened words (`rate` or `lr` for `learning_rate`) are near, though less so than any spelling mistake.
        bool shortened = typed.Length >= 4 && plain.Contains(typed, StringComparison.Ordinal)
            || typed.Length >= 2 && Initials(candidate) == typed;
        return shortened ? Math.Min(distance, limit) : distance;
    }

    /// <summary>Letters and digits in lower case: spelling with dashes, underscores or capitals is no difference.</summary>
    private static string Plain(string word) => string.Concat(word.Where(char.IsLetterOrDigit)).ToLowerInvariant();

    private static string Initials(string word) =>
        string.Concat(word.Split('_', '-', ' ').Where(p => p.Length > 0).Select(p => p[0]));
}
