using System.Globalization;

namespace Looped.Host.Tests.Clustering;

/// <summary>Ports on which a process listens, as the kernel says.</summary>
internal static class ListeningSockets
{
    /// <summary>TCP ports, in no order; a socket of both families counts among the sixth's.</summary>
    public static IEnumerable<int> Of(int process)
    {
        HashSet<string> sockets = [.. Directory.EnumerateFiles($"/proc/{process}/fd").Select(fd => new FileInfo(fd).LinkTarget).OfType<string>()];
        foreach (string line in new[] { "tcp", "tcp6" }.SelectMany(family => File.ReadLines($"/proc/{process}/net/{family}").Skip(1)))
        {
            string[] fields = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            // sl, local address, remote address, state (0A: listening), …, inode
            if (fields[3] == "0A" && sockets.Contains($"socket:[{fields[9]}]"))
                yield return int.Parse(fields[1].Split(':')[^1], NumberStyles.HexNumber, CultureInfo.InvariantCulture);
        }
    }
}
