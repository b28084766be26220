using System.Runtime.InteropServices;

namespace Looped.Models.Checkpoints;

/// <summary>Files that are whole or absent, also after a power failure.</summary>
public static partial class DurableFiles
{
    private const int ReadOnly = 0, InvalidArgument = 22, NoSpace = 28, QuotaExceeded = 122;

    /// <summary>Writes a file so that a reader sees the old content or the new, never a part. It replaces an existing file.</summary>
    /// <param name="path">The file; what is written first stands beside it under a name that starts with a dot.</param>
    /// <param name="content">All of it.</param>
    /// <exception cref="LoopedException">It cannot be written; the message says why.</exception>
    public static void WriteAtomically(string path, ReadOnlySpan<byte> content)
    {
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!;
        string temporary = Path.Combine(folder, $".{Path.GetFileName(path)}.{Guid.NewGuid():N}.tmp");
        try
        {
            using (FileStream file = new(temporary, FileMode.CreateNew, FileAccess.Write))
            {
                file.Write(content);
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
            SyncFolder(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            RemoveFile(temporary);
            throw Explain(e, $"{path} cannot be written");
        }
    }

    /// <summary>
    /// Appends to a file in one write, at its end of now: other processes may have appended since this one did, and must not be overwritten. On
    /// a full disk, the part that found room is taken back.
    /// </summary>
    /// <param name="file">A file without a buffer of its own.</param>
    /// <param name="content">All of it.</param>
    /// <exception cref="IOException">It cannot be written.</exception>
    public static void AppendWhole(FileStream file, ReadOnlySpan<byte> content)
    {
        ArgumentNullException.ThrowIfNull(file);
        long end = file.Seek(0, SeekOrigin.End);
        try
        {
            file.Write(content);
        }
        catch (IOException)
        {
            TakeBack(file, end, content.Length);
            throw;
        }
    }

    private static void TakeBack(FileStream file, long end, int most)
    {
        try
        {
            if (file.Length > end && file.Length <= end + most) file.SetLength(end);
        }
        catch (IOException)
        {
            // Readers pass over a torn last line, and whoever opens the file next cuts or ends it.
        }
    }

    /// <summary>Makes the names in a folder (created, renamed, deleted files) survive a power failure.</summary>
    /// <exception cref="IOException">The file system reports an error.</exception>
    public static void SyncFolder(string folder)
    {
        if (OperatingSystem.IsWindows()) return; // NTFS keeps names in its journal
        int descriptor = Open(folder, ReadOnly);
        int error = descriptor < 0 ? Marshal.GetLastPInvokeError() : 0;
        if (descriptor >= 0)
        {
            if (Fsync(descriptor) != 0) error = Marshal.GetLastPInvokeError();
            _ = Close(descriptor);
        }
        // Some network file systems cannot sync a folder; they say so with "invalid argument".
        if (error is not (0 or InvalidArgument)) throw new IOException($"{folder}: {Marshal.GetPInvokeErrorMessage(error)}", error);
    }

    /// <summary>One sentence for a failed write, with the remedy where one is known.</summary>
    /// <param name="error">What the file system said.</param>
    /// <param name="what">What was attempted, such as <c>runs/a/summary.json cannot be written</c>.</param>
    public static LoopedException Explain(Exception error, string what)
    {
        ArgumentNullException.ThrowIfNull(error);
        return error switch
        {
            { HResult: NoSpace or QuotaExceeded } => new LoopedException($"{what}: the disk or the quota is full. Free some space; if the program has ended by then, run the same command again.", error),
            UnauthorizedAccessException => new LoopedException($"{what}: permission denied. Choose a folder that you may write to, for example with --run DIR.", error),
            _ => new LoopedException($"{what}: {error.Message}", error),
        };
    }

    private static void RemoveFile(string path)
    {
        try
        {
            File.Delete(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The write already failed, and its error is the one to report; a stray dot file harms nobody.
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Fsync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int descriptor);
}
