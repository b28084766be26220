using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Looped.Actors.Clustering;
using Looped.Host.Training;
using Looped.Models;
using Looped.Models.Checkpoints;

namespace Looped.Host.Clustering;

/// <summary>Where a node's cluster secret comes from.</summary>
internal static partial class ClusterSecret
{
    /// <summary>The environment variable that may hold it.</summary>
    public const string Variable = "LOOPED_SECRET";

    private const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;
    private const string Make = "make one with `openssl rand -hex 32`";

    /// <summary>The secret that this process was given, or the user's own where every address is on this machine.</summary>
    /// <param name="file">The argument of <c>--secret-file</c>, if given; it goes before the environment.</param>
    /// <param name="addresses">Every address that this node listens on, advertises or connects to.</param>
    /// <exception cref="UsageException">There is none, or it cannot be used.</exception>
    public static byte[] Here(string? file, IEnumerable<NodeAddress> addresses) =>
        Resolve(file, Environment.GetEnvironmentVariable(Variable), addresses, Path.Combine(UserFolders.Configuration, "secret"));

    /// <summary>As <see cref="Here"/>, with everything given.</summary>
    /// <param name="file">The argument of <c>--secret-file</c>, if given.</param>
    /// <param name="variable">The environment's secret, if any.</param>
    /// <param name="addresses">Every address of the node and of those it connects to.</param>
    /// <param name="own">The user's own secret, made on first use.</param>
    internal static byte[] Resolve(string? file, string? variable, IEnumerable<NodeAddress> addresses, string own)
    {
        if (file is not null) return Read(file, $"The secret file {file}");
        if (!string.IsNullOrEmpty(variable)) return Checked(variable, Variable);
        NodeAddress[] others = [.. addresses.Where(a => !a.IsLoopback)];
        if (others.Length > 0)
        {
            throw new UsageException(
                $"{others[0]} can be reached from other machines, so the cluster needs a secret: {Make} and give all nodes the same one in {Variable} or with --secret-file FILE.");
        }
        if (!File.Exists(own)) Create(own);
        return Read(own, $"The secret of this user, {own},");
    }

    private static byte[] Read(string file, string what)
    {
        try
        {
            if (Directory.Exists(file)) throw new UsageException($"{what} is a folder: name a file that holds nothing but the secret.");
            // Links are followed: what counts is who can read the secret.
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(file) & Others) != 0)
                throw new UsageException($"{what} can be read or changed by other users: take their rights away with `chmod 600 {file}`, or replace it if they may have seen it.");
            return Checked(File.ReadAllText(file), what);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"{what} cannot be read: {e.Message}", e);
        }
    }

    private static byte[] Checked(string text, string what)
    {
        byte[] secret = Encoding.UTF8.GetBytes(text.Trim());
        return secret.Length >= ClusterCertificate.LeastSecretBytes
            ? secret
            : throw new UsageException($"{what} has {secret.Length} characters; a secret needs at least {ClusterCertificate.LeastSecretBytes}: {Make}.");
    }

    /// <summary>
    /// Gives a whole file its name unless that is taken. On Unix, <see cref="File.Move(string, string, bool)"/> looks whether it is and renames then, and of two
    /// processes between the two steps the later would replace what the other already uses; a link is made or it is not.
    /// </summary>
    private static void Name(string temporary, string file)
    {
        if (!OperatingSystem.IsWindows() && (Link(temporary, file) == 0 || File.Exists(file)))
        {
            File.Delete(temporary);
            return;
        }
        // Windows, or a file system without links.
        try
        {
            File.Move(temporary, file, overwrite: false);
        }
        catch (IOException) when (File.Exists(file))
        {
            File.Delete(temporary);
        }
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int Link(string existing, string created);

    /// <summary>Of two processes that start at once, the first to name the file wins, and both use its secret.</summary>
    private static void Create(string file)
    {
        string folder = Path.GetDirectoryName(file)!, temporary = Path.Combine(folder, $".secret.{Guid.NewGuid():N}.tmp");
        try
        {
            if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
            else Directory.CreateDirectory(folder, Owner | UnixFileMode.UserExecute);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows()) options.UnixCreateMode = Owner;
            using (var stream = new FileStream(temporary, options))
            {
                stream.Write(Encoding.ASCII.GetBytes(RandomNumberGenerator.GetHexString(64, lowercase: true) + "\n"));
                stream.Flush(flushToDisk: true);
            }
            Name(temporary, file);
            DurableFiles.SyncFolder(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UsageException($"A secret for the clusters of this user cannot be kept in {file}: {e.Message}. Give one in {Variable} or with --secret-file FILE.", e);
        }
    }
}
