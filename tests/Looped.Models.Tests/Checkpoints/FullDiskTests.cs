using System.Diagnostics;
using Looped.Models.Checkpoints;
using Looped.Tests;

namespace Looped.Models.Tests.Checkpoints;

public sealed class FullDiskTests : IDisposable
{
    private const int NoSpace = 28;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>A file on a disk with room for a number of bytes.</summary>
    private sealed class CrampedFile(string path, int room) : FileStream(path, FileMode.CreateNew, FileAccess.Write)
    {
        private int _room = room;

        public override void Write(ReadOnlySpan<byte> buffer)
        {
            if ((_room -= buffer.Length) < 0) throw new IOException("No space left on device", NoSpace);
            base.Write(buffer);
        }
    }

    [Theory]
    [InlineData("model.safetensors")]
    [InlineData("optimizer.safetensors")]
    [InlineData("state.json")]
    [InlineData("manifest.json")]
    public void A_disk_that_fills_up_at_any_file_leaves_no_trace_and_no_harm(string file)
    {
        string checkpoints = _folder["checkpoints"], before = Snapshots.Write(checkpoints, 50).Path;
        LoopedException error = Assert.Throws<LoopedException>(() => CheckpointWriter.Write(checkpoints, Snapshots.At(100), Snapshots.Info, "g1-test",
            path => new CrampedFile(path, Path.GetFileName(path) == file ? 20 : int.MaxValue)));
        AssertNothingLost(error, checkpoints, before);
    }

    [Fact]
    public void A_disk_that_is_really_full_leaves_no_trace_and_no_harm()
    {
        string checkpoints = _folder["disk"];
        Directory.CreateDirectory(checkpoints);
        Assert.SkipUnless(Run("mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", checkpoints), "This process may not mount a small file system.");
        try
        {
            string before = Snapshots.Write(checkpoints, 50).Path;
            LoopedException error = Assert.Throws<LoopedException>(() =>
                CheckpointWriter.Write(checkpoints, Snapshots.At(100, elements: 100_000), Snapshots.Info, "g1-test"));
            AssertNothingLost(error, checkpoints, before);
            Snapshots.Write(checkpoints, 100); // one that fits can be written afterwards
        }
        finally
        {
            Assert.True(Run("umount", checkpoints));
        }
    }

    private static void AssertNothingLost(LoopedException error, string checkpoints, string before)
    {
        Assert.Contains("the disk or the quota is full", error.Message, StringComparison.Ordinal);
        Assert.Contains(checkpoints, error.Message, StringComparison.Ordinal);
        Assert.Equal([before], Directory.GetFileSystemEntries(checkpoints));
        Assert.True(CheckpointReader.TryVerify(before, out _, out _));
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_a_clear_error()
    {
        File.WriteAllText(_folder["file"], "");
        LoopedException error = Assert.Throws<LoopedException>(() => Snapshots.Write(_folder["file/checkpoints"], 1));
        Assert.Contains("The checkpoint of step 1 cannot be written to", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_is_replaced_whole_or_not_at_all()
    {
        string path = _folder["summary.json"];
        DurableFiles.WriteAtomically(path, "old"u8);
        DurableFiles.WriteAtomically(path, "new"u8);
        Assert.Equal("new", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFileSystemEntries(_folder.Root));
        Assert.Throws<LoopedException>(() => DurableFiles.WriteAtomically(_folder["none/summary.json"], "x"u8));
    }

    private static bool Run(string program, params string[] arguments)
    {
        try
        {
            using Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            process.StandardError.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false; // no such program here
        }
    }
}
