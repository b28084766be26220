using System.CommandLine;
using Looped.Actors.Runs;
using Looped.Models;
using Looped.Models.Recipes;

namespace Looped.Host.Inspection;

/// <summary>The RUN of a command that looks at runs.</summary>
internal static class RunArgument
{
    /// <summary>Exactly one run folder.</summary>
    public static Argument<string> One() => new("RUN") { Description = "A run folder, such as runs/quickstart." };

    /// <summary>The run in a folder.</summary>
    /// <exception cref="UsageException">There is none; the nearest one beside it is suggested.</exception>
    public static RunFolder Find(string path)
    {
        RunFolder run = new(path);
        if (run.Exists) return run;
        string beside = Path.GetDirectoryName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))) ?? "/";
        IEnumerable<string> runs = Directory.Exists(beside)
            ? Directory.EnumerateDirectories(beside).Where(d => new RunFolder(d).Exists).Select(d => Path.GetFileName(d))
            : [];
        throw new UsageException($"There is no run in {path}{Suggestions.DidYouMean(run.Name, runs)}");
    }
}
