using System.Diagnostics;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;

namespace Looped.Host.Clustering;

/// <summary>Whether a node has the supervisor's run folder before it. A copy or another folder under the same path would be written to in vain.</summary>
internal static class SharedRunFolder
{
    /// <summary>A network file system may show a new file to other machines only after a while.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Why this is not the run's folder; null if it is.</summary>
    /// <param name="here">The folder as this node sees it.</param>
    /// <param name="run">The run as the supervisor describes it.</param>
    public static async Task<string?> Refusal(RunFolder here, RunDescribed run)
    {
        long started = Stopwatch.GetTimestamp();
        while (!(File.Exists(here.Recipe) && run.Mark?.IsIn(here.Root) != false))
        {
            if (Stopwatch.GetElapsedTime(started) > Patience) return Sentence(here, run);
            await Task.Delay(100);
        }
        run.Mark?.RemoveFrom(here.Root);
        return null;
    }

    private static string Sentence(RunFolder here, RunDescribed run) => File.Exists(here.Recipe)
        ? $"The run folder {Path.GetFullPath(here.Root)} is not the one that the seed has at {run.RunFolder} (where {run.Mark!.File} was made a moment ago): "
            + "it is a copy or another folder, and all nodes need one folder on a shared file system. Mount it, or say where it is here with --run DIR."
        : $"The run folder {here.Root} is not visible here: all nodes need it on a shared file system. Mount it, or say where it is with --run DIR.";
}
