using System.Security.Cryptography;
using System.Text;
using Looped.Models;
using Looped.Models.Data;

namespace Looped.Host.Training;

/// <summary>
/// Sees that the files of a data set have the hashes that its description gives: other numbers in them would train another model under the
/// same name. A file of many gigabytes is read whole once, and again only if its length or time of change is another.
/// </summary>
internal static class VerifiedData
{
    /// <summary>Reads the files that have not been read yet.</summary>
    /// <param name="dataset">The data set.</param>
    /// <param name="remembered">Folder that remembers which files were read.</param>
    /// <exception cref="LoopedException">A file was changed.</exception>
    public static void Require(IDataset dataset, string remembered)
    {
        foreach ((string path, string sha256) in dataset.Files)
        {
            string stamp = Path.Combine(remembered, Stamp(path, sha256));
            if (File.Exists(stamp)) continue;
            if (TokenFile.Sha256(path) != sha256)
                throw new LoopedException($"{path} is not the file that was prepared: its SHA-256 is another than its description says. Copy it again, or prepare the data again with `looped prepare`.");
            Remember(stamp);
        }
    }

    private static string Stamp(string path, string sha256)
    {
        var file = new FileInfo(Path.GetFullPath(path));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{file.FullName}\n{file.Length}\n{file.LastWriteTimeUtc.Ticks}\n{sha256}")))[..32];
    }

    private static void Remember(string stamp)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(stamp)!);
            File.WriteAllBytes(stamp, []);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The next process reads the file once more.
        }
    }
}
