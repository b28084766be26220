using System.Globalization;
using System.Text.Json;
using Looped.Models;
using Looped.Models.Checkpoints;

namespace Looped.Actors.Runs;

/// <summary>The process that owns a run.</summary>
/// <param name="ProcessId">Its number on its host.</param>
/// <param name="Host">Where it runs.</param>
/// <param name="Started">When it took the run.</param>
public sealed record RunOwner(int ProcessId, string Host, DateTimeOffset Started)
{
    /// <summary>Such as <c>process 4711 on node3, since 2026-01-31 12:00:00 UTC</c>.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"process {ProcessId} on {Host}, since {Started.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC");
}

/// <summary>
/// Keeps a second process from a run folder. The kernel holds the lock and releases it when the process ends, however it ends, so
/// there is never a stale one to remove by hand.
/// </summary>
public sealed class RunLock : IDisposable
{
    // `IsHeld` touches the lock for an instant; a refusal must not be due to that.
    private const int Attempts = 6;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(40);

    private readonly FileStream _file;
    private readonly string _owner;

    private RunLock(FileStream file, string owner) => (_file, _owner) = (file, owner);

    /// <summary>Takes the lock of a run folder, which must exist.</summary>
    /// <param name="run">The run.</param>
    /// <param name="time">The clock.</param>
    /// <exception cref="LoopedException">Another process has it (the message says which), or the folder cannot be written.</exception>
    public static RunLock Acquire(RunFolder run, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(time);
        for (int attempt = 1; ; attempt++)
        {
            try
            {
                FileStream file = new(run.Lock, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                var held = new RunLock(file, run.Owner);
                held.Sign(new RunOwner(Environment.ProcessId, Environment.MachineName, time.GetUtcNow()));
                return held;
            }
            catch (UnauthorizedAccessException e)
            {
                throw DurableFiles.Explain(e, $"The run folder {run.Root} cannot be written");
            }
            catch (IOException e) when (!IsHeld(run))
            {
                if (attempt == Attempts) throw DurableFiles.Explain(e, $"The run folder {run.Root} cannot be locked");
            }
            catch (IOException e)
            {
                if (attempt == Attempts)
                    throw new LoopedException($"The run folder {run.Root} is in use by {OwnerOf(run)?.ToString() ?? "another process"}. "
                        + "Wait for it or stop it, or choose another folder with --run DIR.", e);
            }
            Thread.Sleep(Pause);
        }
    }

    /// <summary>Whether a process holds the lock now.</summary>
    public static bool IsHeld(RunFolder run)
    {
        ArgumentNullException.ThrowIfNull(run);
        if (!File.Exists(run.Lock)) return false;
        try
        {
            using FileStream probe = new(run.Lock, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>Who took the lock last, or null if that is not known; whether it still holds it is <see cref="IsHeld"/>'s to say.</summary>
    public static RunOwner? OwnerOf(RunFolder run)
    {
        ArgumentNullException.ThrowIfNull(run);
        try
        {
            return JsonSerializer.Deserialize<RunOwner>(File.ReadAllBytes(run.Owner), RunJson.Document);
        }
        catch (Exception e) when (e is IOException or JsonException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Releases the lock. Its file stays: removing it would let two processes lock two files of one name.</summary>
    public void Dispose()
    {
        File.Delete(_owner);
        _file.Dispose();
    }

    private void Sign(RunOwner owner)
    {
        try
        {
            DurableFiles.WriteAtomically(_owner, JsonSerializer.SerializeToUtf8Bytes(owner, RunJson.Document));
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }
}
