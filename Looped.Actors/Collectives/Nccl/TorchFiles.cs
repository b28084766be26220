using System.Runtime.InteropServices;

namespace Looped.Actors.Collectives.Nccl;

/// <summary>Native files that came with LibTorch.</summary>
internal static class TorchFiles
{
    /// <summary>Files beside the program, or in its folder for this platform, whose name matches.</summary>
    public static IEnumerable<string> Matching(string pattern)
    {
        string rid = $"linux-{RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()}";
        return new[] { AppContext.BaseDirectory, Path.Combine(AppContext.BaseDirectory, "runtimes", rid, "native") }
            .Where(Directory.Exists).SelectMany(folder => Directory.EnumerateFiles(folder, pattern).Order(StringComparer.Ordinal));
    }
}
