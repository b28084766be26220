using System.Collections;
using System.Globalization;
using System.Runtime.InteropServices;
using Looped.Host.CommandLine;

namespace Looped.Host.Doctor;

/// <summary>What the machine gives to a process: threads, memory, open files, time.</summary>
internal static partial class ResourceChecks
{
    private const long Gibibyte = 1L << 30;
    private const int Unsynchronised = 5; // TIME_ERROR of adjtimex(2)

    /// <summary>Variables that change how many threads compute, on which cores, or to which bits.</summary>
    private static readonly (string Name, Func<string, int, bool> Matters, string Remedy)[] Variables =
    [
        ("OMP_THREAD_LIMIT", (v, cores) => int.TryParse(v, out int limit) && limit < cores, "it caps training.threads; unset it"),
        ("OMP_DYNAMIC", (v, _) => IsTrue(v), "it lets LibTorch use fewer threads than training.threads says, which changes bits; unset it"),
        ("OMP_PROC_BIND", (v, _) => !IsFalse(v), "it ties the threads of every worker on this machine to the same cores; unset it unless one worker runs here"),
        ("OMP_PLACES", (_, _) => true, "it ties the threads of every worker on this machine to the same cores; unset it unless one worker runs here"),
        ("GOMP_CPU_AFFINITY", (_, _) => true, "it ties the threads of every worker on this machine to the same cores; unset it unless one worker runs here"),
        ("KMP_AFFINITY", (v, _) => !v.Contains("none", StringComparison.OrdinalIgnoreCase), "it ties the threads of every worker on this machine to the same cores; unset it unless one worker runs here"),
        ("MKL_CBWR", (_, _) => true, "it changes the bits of matrix products; unset it, or set it alike for every worker of a run"),
        ("MKL_DEBUG_CPU_TYPE", (_, _) => true, "it changes the bits of matrix products; unset it, or set it alike for every worker of a run"),
        ("ATEN_CPU_CAPABILITY", (_, _) => true, "it changes the instruction set of LibTorch's kernels, and so the bits; unset it, or set it alike for every worker of a run"),
    ];

    /// <summary>Variables that the recipe's number of threads overrules.</summary>
    private static readonly string[] Ignored = ["OMP_NUM_THREADS", "MKL_NUM_THREADS"];

    /// <summary>Cores, and the environment's wishes about threads.</summary>
    /// <param name="cores">Cores this process may use.</param>
    /// <param name="environment">Its environment.</param>
    public static Finding Threads(int cores, IReadOnlyDictionary<string, string> environment)
    {
        (string Text, string Remedy)[] matters = [.. Variables
            .Where(v => environment.TryGetValue(v.Name, out string? value) && v.Matters(value, cores))
            .Select(v => ($"{v.Name}={environment[v.Name]}", $"{v.Name}: {v.Remedy}"))];
        string[] ignored = [.. Ignored.Where(environment.ContainsKey).Select(n => $"{n}={environment[n]}")];
        string fact = $"{cores} {(cores == 1 ? "core" : "cores")}"
            + string.Concat(matters.Select(m => $", {m.Text}"))
            + (ignored.Length > 0 ? $", {string.Join(", ", ignored)} (no effect: a recipe's training.threads decides)" : "");
        if (matters.Length > 0)
            return Finding.Warn("threads", fact, string.Join("; ", matters.Select(m => m.Remedy)));
        return cores >= 2 ? Finding.Ok("threads", fact)
            : Finding.Warn("threads", fact, "the shipped recipes use two threads, which would share this core; set training.threads=1, which gives other bits");
    }

    /// <summary>Memory within the limits of this process.</summary>
    /// <param name="available">Bytes it may still take.</param>
    /// <param name="total">Bytes it may take in all: the machine's, or the control group's where that is less.</param>
    /// <param name="machine">The machine's.</param>
    public static Finding Memory(long available, long total, long machine)
    {
        string fact = $"{Quantity.Bytes(available)} available of {Quantity.Bytes(total)}"
            + (total < machine * 0.99 ? $" (a limit of the control group; the machine has {Quantity.Bytes(machine)})" : "");
        const string remedy = "`looped train RECIPE --dry-run` shows what a recipe needs; free memory, raise the container's or job's limit, or choose a smaller model";
        return available < Gibibyte / 2 ? Finding.Fail("memory", fact, remedy)
            : available < 2 * Gibibyte ? Finding.Warn("memory", fact, remedy)
            : Finding.Ok("memory", fact);
    }

    /// <summary>How many files and connections may be open at once.</summary>
    /// <param name="limits">The text of <c>/proc/self/limits</c>.</param>
    public static Finding OpenFiles(string limits)
    {
        string line = limits.Split('\n').First(l => l.StartsWith("Max open files", StringComparison.Ordinal));
        string soft = line["Max open files".Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0];
        return soft == "unlimited" || long.Parse(soft, CultureInfo.InvariantCulture) >= 1024
            ? Finding.Ok("open files", $"at most {soft}")
            : Finding.Warn("open files", $"at most {soft}", "a worker with many peers needs more; raise it with `ulimit -n 4096` or in the job's settings");
    }

    /// <summary>The clock of logs and of metrics; no decision depends on it.</summary>
    /// <param name="now">What it says.</param>
    /// <param name="built">When the program was built.</param>
    /// <param name="synchronised">Whether the kernel believes it.</param>
    public static Finding Clock(DateTimeOffset now, DateTimeOffset built, bool synchronised)
    {
        string fact = string.Create(CultureInfo.InvariantCulture, $"{now.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC")
            + (synchronised ? "" : ", not synchronised with others");
        return now >= built.AddDays(-1) ? Finding.Ok("clock", fact)
            : Finding.Warn("clock", $"{fact}, before this program was built", "logs of several machines cannot be put in order; set the clock, for example with chrony");
    }

    /// <summary>Examines this machine.</summary>
    public static IEnumerable<Func<Finding>> Here()
    {
        yield return () => Threads(Environment.ProcessorCount, Environment.GetEnvironmentVariables().Cast<DictionaryEntry>()
            .ToDictionary(e => (string)e.Key, e => (string?)e.Value ?? ""));
        yield return MemoryHere;
        yield return () => OpenFiles(File.ReadAllText("/proc/self/limits"));
        yield return () => Clock(DateTimeOffset.UtcNow, File.GetLastWriteTimeUtc(typeof(ResourceChecks).Assembly.Location), AdjustTime(new byte[512]) != Unsynchronised);
    }

    private static Finding MemoryHere()
    {
        GC.Collect();
        // The runtime knows the control group's limit and its use, in versions 1 and 2.
        GCMemoryInfo info = GC.GetGCMemoryInfo();
        string total = File.ReadLines("/proc/meminfo").First(l => l.StartsWith("MemTotal:", StringComparison.Ordinal));
        long machine = 1024 * long.Parse(total.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
        return Memory(info.TotalAvailableMemoryBytes - info.MemoryLoadBytes, info.TotalAvailableMemoryBytes, machine);
    }

    private static bool IsTrue(string value) => value.Trim().ToLowerInvariant() is "true" or "1" or "yes";

    private static bool IsFalse(string value) => value.Trim().ToLowerInvariant() is "false" or "0" or "no";

    /// <summary>Reads the kernel's clock state; the buffer is a <c>struct timex</c> of zeros, which changes nothing.</summary>
    [LibraryImport("libc", EntryPoint = "adjtimex")]
    private static partial int AdjustTime([In, Out] byte[] timex);
}
