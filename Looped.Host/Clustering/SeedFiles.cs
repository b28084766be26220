using Looped.Actors.Clustering;
using Looped.Actors.Runs;
using Looped.Models.Checkpoints;

namespace Looped.Host.Clustering;

/// <summary>
/// Where the seeds of a run are, as files of its folder: a seed that starts again asks the others before it forms a cluster, lest there be
/// two. A seed that was killed leaves its file; that costs its successor a few seconds of asking.
/// </summary>
internal static class SeedFiles
{
    private const string Prefix = "seed-";

    /// <summary>Every address that a seed of the run has, or had when it was killed.</summary>
    public static IReadOnlyList<NodeAddress> Read(RunFolder folder) => Directory.Exists(folder.Generations)
        ? [.. Directory.EnumerateFiles(folder.Generations, Prefix + "*").Select(path => ListenAddress.Parse("seed", File.ReadAllText(path)))]
        : [];

    /// <summary>A seed begins to listen. One that joins again under its address has its file, and needs no room on the disk.</summary>
    public static void Write(RunFolder folder, NodeAddress address)
    {
        string path = PathOf(folder, address);
        if (!File.Exists(path)) DurableFiles.WriteAtomically(path, System.Text.Encoding.UTF8.GetBytes(address.ToString()));
    }

    /// <summary>A seed leaves.</summary>
    public static void Remove(RunFolder folder, NodeAddress address) => File.Delete(PathOf(folder, address));

    private static string PathOf(RunFolder folder, NodeAddress address) => Path.Combine(folder.Generations,
        Prefix + new string([.. address.ToString().Select(c => char.IsAsciiLetterOrDigit(c) || c == '.' ? c : '_')]));
}
