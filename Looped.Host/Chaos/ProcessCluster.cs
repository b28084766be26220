using System.Diagnostics;
using System.Text.RegularExpressions;
using Looped.Actors.Runs;
using Looped.Host.Clustering;
using Looped.Models;

namespace Looped.Host.Chaos;

/// <summary>A seed and workers as processes on this machine, made to be disturbed. None outlives this process.</summary>
internal sealed partial class ProcessCluster(string recipe, RunFolder folder, int expected) : IDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(1);

    private readonly Dictionary<int, ChildProgram> _workers = [];
    private readonly List<ChildProgram> _seeds = [];
    private string _address = "127.0.0.1:0";

    /// <summary>Every worker started so far, by its number.</summary>
    public IReadOnlyDictionary<int, ChildProgram> Workers => _workers;

    /// <summary>The seed that was started last.</summary>
    public ChildProgram Seed => _seeds[^1];

    /// <summary>How the name that a worker has in the run begins: no other's does.</summary>
    public string PrefixOf(int worker) => $"{Environment.MachineName}-{_workers[worker].Id}-";

    /// <summary>Starts a seed, at the same address as the one before.</summary>
    public void StartSeed()
    {
        Directory.CreateDirectory(folder.Logs);
        _seeds.Add(ChildProgram.Start(Log("seed", _seeds.Count), "seed", recipe, "--listen", _address, "--run", folder.Root, "--workers", $"{expected}", "--until-input-closes"));
    }

    /// <summary>Waits until the first seed says where it listens.</summary>
    /// <exception cref="LoopedException">It ended instead, or said nothing.</exception>
    public async Task SeedListens(CancellationToken cancellation)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            if (SeedAddress().Match(ReadLog()) is { Success: true } said)
            {
                _address = said.Groups["address"].Value;
                return;
            }
            if (Seed.ExitCode is { } code) throw new LoopedException($"The seed ended with exit code {code}: {Seed.LastLine}");
            if (waited.Elapsed > StartLimit) throw new LoopedException($"The seed did not begin within {StartLimit.TotalSeconds:0} s; its log is in {folder.Logs}.");
            await Task.Delay(20, cancellation);
        }
    }

    /// <summary>Starts a worker.</summary>
    public void StartWorker(int number) =>
        _workers.Add(number, ChildProgram.Start(Log("worker", number), "worker", "--seed", _address, "--until-input-closes"));

    /// <summary>Ends whatever still runs, at once.</summary>
    public void Dispose()
    {
        foreach (ChildProgram process in _workers.Values.Concat(_seeds)) process.Kill();
        foreach (ChildProgram process in _workers.Values.Concat(_seeds))
        {
            process.WaitForExit(TimeSpan.FromSeconds(5));
            process.Dispose();
        }
    }

    private string Log(string kind, int number) => Path.Combine(folder.Logs, $"{kind}-{number}.log");

    private string ReadLog()
    {
        using var stream = new FileStream(Log("seed", _seeds.Count - 1), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }

    [GeneratedRegex(@" at (?<address>127\.0\.0\.1:\d+);", RegexOptions.ExplicitCapture)]
    private static partial Regex SeedAddress();
}

/// <summary>Numbers of signals on Linux.</summary>
internal static class UnixSignal
{
    public const int Terminate = 15, Continue = 18, Stop = 19;
}
