using System.Diagnostics;
using System.Runtime.Versioning;
using Looped.Actors.Runs;
using Looped.Models;
using Looped.Tests;

namespace Looped.Actors.Tests.Runs;

public sealed class RunLockTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private RunFolder Run => new(_folder.Root);

    public void Dispose() => _folder.Dispose();

    private sealed class FixedTime : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() => new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);
    }

    [Fact]
    public void A_second_owner_is_refused_with_the_name_of_the_first()
    {
        using RunLock first = RunLock.Acquire(Run, new FixedTime());
        Assert.True(RunLock.IsHeld(Run));
        Assert.Equal(Environment.ProcessId, RunLock.OwnerOf(Run)?.ProcessId);
        LoopedException error = Assert.Throws<LoopedException>(() => RunLock.Acquire(Run, TimeProvider.System));
        Assert.Equal($"The run folder {_folder.Root} is in use by process {Environment.ProcessId} on {Environment.MachineName}, "
            + "since 2026-01-31 12:00:00 UTC. Wait for it or stop it, or choose another folder with --run DIR.", error.Message);
    }

    [Fact]
    public void A_released_lock_can_be_taken_again()
    {
        Assert.False(RunLock.IsHeld(Run));
        RunLock.Acquire(Run, TimeProvider.System).Dispose();
        Assert.False(RunLock.IsHeld(Run));
        Assert.Null(RunLock.OwnerOf(Run));
        RunLock.Acquire(Run, TimeProvider.System).Dispose();
    }

    [Fact]
    public void The_lock_of_a_killed_process_is_free_at_once()
    {
        RunLock.Acquire(Run, TimeProvider.System).Dispose();
        using Process? other = StartFlock(Run.Lock);
        Assert.SkipWhen(other is null, "The program `flock`, which plays the other process here, is not installed.");
        try
        {
            SpinWait.SpinUntil(() => RunLock.IsHeld(Run), TimeSpan.FromSeconds(10));
            Assert.Contains("another process", Assert.Throws<LoopedException>(() => RunLock.Acquire(Run, TimeProvider.System)).Message, StringComparison.Ordinal);
        }
        finally
        {
            other.Kill();
            other.WaitForExit();
        }
        RunLock.Acquire(Run, TimeProvider.System).Dispose();
    }

    private static Process? StartFlock(string path)
    {
        try
        {
            return Process.Start("flock", ["--no-fork", path, "sleep", "60"]);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    [Fact]
    public void Whoever_only_asks_whether_the_lock_is_held_does_not_make_its_taker_fail()
    {
        RunLock.Acquire(Run, TimeProvider.System).Dispose();
        FileStream asking = new(Run.Lock, FileMode.Open, FileAccess.Read, FileShare.ReadWrite); // as `IsHeld`, but slower
        using var answered = new Timer(_ => asking.Dispose(), null, TimeSpan.FromMilliseconds(60), Timeout.InfiniteTimeSpan);
        RunLock.Acquire(Run, TimeProvider.System).Dispose();
    }

    [Fact]
    public void An_unusable_run_folder_is_a_clear_error()
    {
        File.WriteAllText(_folder["file"], "");
        LoopedException error = Assert.Throws<LoopedException>(() => new RunFolder(_folder["file"]).Create());
        Assert.StartsWith($"The run folder {_folder["file"]} cannot be written", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public void A_read_only_run_folder_is_a_clear_error()
    {
        Assert.SkipWhen(Environment.IsPrivilegedProcess, "A privileged user may write everywhere.");
        File.SetUnixFileMode(_folder.Root, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        Assert.Contains("permission denied", Assert.Throws<LoopedException>(Run.Create).Message, StringComparison.Ordinal);
        File.SetUnixFileMode(_folder.Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }

    [Fact]
    public void A_new_run_folder_has_its_places()
    {
        RunFolder run = new(_folder["runs/quick"]);
        Assert.False(run.Exists);
        run.Create();
        Assert.True(run.Exists);
        Assert.Equal("quick", run.Name);
        Assert.Equal(["checkpoints", "generations", "logs"], Directory.GetFileSystemEntries(run.Root).Select(f => Path.GetFileName(f)).Order());
    }
}
