using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Looped.Actors.Collectives.Ring;

/// <summary>
/// Memory that processes of one host share: an anonymous file of one process (`memfd_create`), which others find among its open files. It has no
/// name, so nothing is left behind however a process dies; whoever has it mapped keeps it.
/// </summary>
internal sealed unsafe partial class SharedSegment : IDisposable
{
    private const uint CloseOnExec = 1;
    private const int ReadWrite = 2, ReadAndWrite = 3, Shared = 1, Populate = 0x8000, FutexWait = 0, FutexWake = 1;

    private readonly nuint _bytes;
    private int _file;
    private nint _address;

    private SharedSegment(int file, long bytes)
    {
        (_file, _bytes) = (file, (nuint)bytes);
        _address = Map(0, _bytes, ReadAndWrite, Shared | Populate, file, 0);
        if (_address == -1) throw Failure("map shared memory", file);
    }

    /// <summary>Its first byte; a page's beginning.</summary>
    public byte* Address => (byte*)_address;

    /// <summary>The number of its open file in the process that made it.</summary>
    public int File => _file;

    /// <summary>Whether this host has what is needed.</summary>
    public static bool IsSupported => OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture is Architecture.X64 or Architecture.Arm64;

    /// <summary>Tells hosts apart, and containers of one host that do not see each other's processes or networks: equal numbers may share memory.</summary>
    public static long HostToken()
    {
        string[] parts = [System.IO.File.ReadAllText("/proc/sys/kernel/random/boot_id"), Namespace("pid"), Namespace("net"), Namespace("user")];
        // Never 0, which says that a rank does not want to share.
        return BitConverter.ToInt64(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts)))) | 1;
    }

    /// <summary>Makes one, all zeros.</summary>
    /// <exception cref="IOException">The host has no such memory left, or does not allow it.</exception>
    public static SharedSegment Create(long bytes)
    {
        int file = MemoryFile("looped-ring", CloseOnExec);
        if (file < 0 || Truncate(file, bytes) != 0) throw Failure("make shared memory", file);
        return new SharedSegment(file, bytes);
    }

    /// <summary>Maps one that another process of this host made.</summary>
    /// <exception cref="IOException">It cannot be opened from here.</exception>
    public static SharedSegment Open(int process, int file, long bytes)
    {
        string path = string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/fd/{file}");
        int own = OpenFile(path, ReadWrite | 0x80000);
        if (own < 0) throw Failure($"open {path}", own);
        return new SharedSegment(own, bytes);
    }

    /// <summary>Sleeps while a word has a value, until somebody wakes those who sleep on it or the time is over; it may return earlier.</summary>
    public static void Sleep(uint* word, uint value, TimeSpan time)
    {
        long* timespec = stackalloc long[] { (long)time.TotalSeconds, time.Ticks % TimeSpan.TicksPerSecond * 100 };
        _ = Futex(FutexCall, word, FutexWait, value, timespec, 0, 0);
    }

    /// <summary>Wakes all that sleep on a word.</summary>
    public static void Wake(uint* word) => _ = Futex(FutexCall, word, FutexWake, int.MaxValue, null, 0, 0);

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_address is not (0 or -1)) _ = Unmap(_address, _bytes);
        _address = 0;
        if (_file >= 0) _ = Close(_file);
        _file = -1;
    }

    private static string Namespace(string kind) =>
        new FileInfo($"/proc/self/ns/{kind}").LinkTarget ?? throw new IOException($"/proc/self/ns/{kind} cannot be read.");

    private static nint FutexCall => RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? 98 : 202;

    private static IOException Failure(string what, int file)
    {
        string problem = Marshal.GetLastPInvokeErrorMessage();
        if (file >= 0) _ = Close(file);
        return new IOException($"This process cannot {what}: {problem}.");
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemoryFile(string name, uint flags);

    [LibraryImport("libc", EntryPoint = "ftruncate", SetLastError = true)]
    private static partial int Truncate(int file, long bytes);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFile(string path, int flags);

    [LibraryImport("libc", EntryPoint = "mmap", SetLastError = true)]
    private static partial nint Map(nint address, nuint bytes, int protection, int flags, int file, long offset);

    [LibraryImport("libc", EntryPoint = "munmap")]
    private static partial int Unmap(nint address, nuint bytes);

    [LibraryImport("libc", EntryPoint = "close")]
    private static partial int Close(int file);

    [LibraryImport("libc", EntryPoint = "syscall")]
    private static partial nint Futex(nint number, uint* word, int operation, uint value, long* time, nint unused, int unusedToo);
}
