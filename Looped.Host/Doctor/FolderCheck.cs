using System.Diagnostics;
using System.Globalization;
using Looped.Host.CommandLine;
using Looped.Models.Checkpoints;

namespace Looped.Host.Doctor;

/// <summary>What a file system did when it was tried.</summary>
/// <param name="Kind">Such as <c>ext4</c>.</param>
/// <param name="Free">Bytes that may still be written.</param>
/// <param name="FlushMilliseconds">How long a small file took to reach the disk.</param>
/// <param name="Locks">Whether a locked file keeps a second opener out.</param>
/// <param name="Error">Why a checkpoint could not be written there; null if it could.</param>
internal sealed record FolderTrial(string Kind, long Free, double FlushMilliseconds, bool Locks, string? Error);

/// <summary>Whether run folders can live where they are asked for: write, flush, rename, lock, space.</summary>
internal static class FolderCheck
{
    private const long Mebibyte = 1L << 20;

    /// <summary>The finding about a folder.</summary>
    public static Finding Describe(string folder, FolderTrial trial)
    {
        string fact = string.Create(CultureInfo.InvariantCulture,
            $"{folder} ({trial.Kind}, {Quantity.Bytes(trial.Free)} free, {trial.FlushMilliseconds:0.#} ms to flush a file)");
        const string elsewhere = "choose another place for runs with --run DIR";
        if (trial.Error is { } error)
            return Finding.Fail("run folder", $"{fact}: {error}", elsewhere);
        if (trial.Free < 100 * Mebibyte)
            return Finding.Fail("run folder", fact, $"free some space (a checkpoint of the quickstart takes about 31 MiB), or {elsewhere}");
        if (trial.Free < 1024 * Mebibyte)
            return Finding.Warn("run folder", fact, $"free some space, lower checkpoint.keep_last, or {elsewhere}");
        if (!trial.Locks)
            return Finding.Warn("run folder", $"{fact}; files cannot be locked", $"nothing keeps two processes from training in one run folder; mount the file system with locks, or {elsewhere}");
        return trial.Kind is "tmpfs" or "ramfs"
            ? Finding.Warn("run folder", $"{fact}; it is kept in memory", $"checkpoints vanish when the machine restarts; {elsewhere}")
            : Finding.Ok("run folder", fact);
    }

    /// <summary>Does in a folder, or in the nearest one above that exists, what a checkpoint does, and removes every trace.</summary>
    public static FolderTrial Try(string folder)
    {
        string existing = NearestExisting(folder);
        var drive = new DriveInfo(existing);
        string trial = Path.Combine(existing, $".looped-doctor-{Guid.NewGuid():N}");
        try
        {
            Directory.CreateDirectory(trial);
            try
            {
                double flush = WriteAndRename(trial);
                return new FolderTrial(drive.DriveFormat, drive.AvailableFreeSpace, flush, Locks(Path.Combine(trial, "lock")), null);
            }
            finally
            {
                Directory.Delete(trial, recursive: true);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new FolderTrial(drive.DriveFormat, drive.AvailableFreeSpace, 0, false, e.Message);
        }
    }

    /// <summary>The folder itself, or the nearest one above it that exists.</summary>
    internal static string NearestExisting(string folder)
    {
        for (string? path = Path.GetFullPath(folder); path is not null; path = Path.GetDirectoryName(path))
        {
            if (Directory.Exists(path))
                return path;
        }

        throw new DirectoryNotFoundException($"{folder} has no root.");
    }

    private static double WriteAndRename(string trial)
    {
        string temporary = Path.Combine(trial, "temporary"), final = Path.Combine(trial, "final");
        Directory.CreateDirectory(temporary);
        var clock = Stopwatch.StartNew();
        using (FileStream file = new(Path.Combine(temporary, "file"), FileMode.CreateNew))
        {
            file.Write(new byte[4096]);
            file.Flush(flushToDisk: true);
        }

        double milliseconds = clock.Elapsed.TotalMilliseconds;
        DurableFiles.SyncFolder(temporary);
        Directory.Move(temporary, final);
        DurableFiles.SyncFolder(trial);
        return File.Exists(Path.Combine(final, "file")) ? milliseconds : throw new IOException("a renamed folder lost its file");
    }

    private static bool Locks(string path)
    {
        using FileStream held = new(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None);
        try
        {
            using FileStream second = new(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
