using System.Diagnostics;

namespace Looped.Host.Tests;

/// <summary>A small disk in memory, to fill up. It takes root to mount one; without, the test is skipped.</summary>
internal sealed class SmallDisk : IDisposable
{
    private SmallDisk(string folder) => Folder = folder;

    /// <summary>Where it is mounted.</summary>
    public string Folder { get; }

    private string Filler => Path.Combine(Folder, "filler");

    /// <summary>Mounts a disk on a folder, which is made.</summary>
    public static SmallDisk Mount(string folder, long bytes)
    {
        Directory.CreateDirectory(folder);
        Assert.SkipUnless(Run("mount", "-t", "tmpfs", "-o", $"size={bytes}", "tmpfs", folder), "needs root and mount to make a small disk");
        return new SmallDisk(folder);
    }

    /// <summary>Takes all room that is left, but for some bytes.</summary>
    public void Fill(long but = 0)
    {
        using FileStream file = new(Filler, FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete, bufferSize: 0);
        var page = new byte[4096];
        try
        {
            while (new DriveInfo(Folder).AvailableFreeSpace > but) file.Write(page);
        }
        catch (IOException)
        {
            // Others write too.
        }
    }

    /// <summary>Gives it back.</summary>
    public void Free() => File.Delete(Filler);

    public void Dispose() => Run("umount", "-l", Folder);

    private static bool Run(string program, params string[] args)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, args) { RedirectStandardError = true })!;
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
