using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using Looped.Actors.Runs;
using Looped.Actors.Training;
using Looped.Host.Tests.Training;

namespace Looped.Host.Tests.Clustering;

/// <summary>A run of the cluster tests' recipe in a folder of its own, by real processes. Disposing ends those that still run.</summary>
internal sealed partial class ClusterRun(ElasticRecipe undisturbed) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);

    private readonly List<LoopedProcess> _processes = [];

    /// <summary>The run folder.</summary>
    public RunFolder Run { get; init; } = new(Path.Combine(undisturbed.Folder, "runs", Guid.NewGuid().ToString("N")));

    /// <summary>Where the seed listens.</summary>
    public string Address { get; set; } = "127.0.0.1:0";

    /// <summary>The lines of `steps.jsonl`.</summary>
    public IReadOnlyList<StepAssignment> Assignments => StepLog.Read<StepAssignment>(Run.Steps);

    /// <summary>The cluster's secret; null for the user's own.</summary>
    public string? Secret { get; init; }

    /// <summary>Starts any command of the program.</summary>
    public LoopedProcess Start(params string[] args) => Start([], args);

    /// <summary>Starts a command by another program, with another folder or secret.</summary>
    public LoopedProcess Start(string[] launcher, string[] args, string? folder = null, string? secret = null)
    {
        Dictionary<string, string?> environment = undisturbed.Environment;
        environment["LOOPED_SECRET"] = secret ?? Secret;
        var process = LoopedProcess.StartBy(launcher, folder ?? undisturbed.Prepared(), environment, args);
        _processes.Add(process);
        return process;
    }

    /// <summary>Starts <c>looped train</c> on this run.</summary>
    public LoopedProcess Train(params string[] args) => Start(["train", "elastic.yaml", "--run", Run.Root, .. args]);

    /// <summary>Starts a seed, at the address of the one before, and waits until it listens.</summary>
    public Task<LoopedProcess> Seed(params string[] args) => SeedBy([], args);

    /// <summary>The same by another program.</summary>
    public async Task<LoopedProcess> SeedBy(string[] launcher, params string[] args)
    {
        LoopedProcess seed = Start(launcher, ["seed", "elastic.yaml", "--run", Run.Root, "--listen", Address, .. args]);
        await seed.WaitForOutputAsync("add workers:");
        Address = Listens().Match(seed.Output).Groups[1].Value;
        return seed;
    }

    /// <summary>Starts a seed that stands by for the one at <see cref="Address"/>, and waits until it could take over.</summary>
    /// <returns>The process, and where it listens.</returns>
    public async Task<(LoopedProcess Process, string Address)> StandBySeed(params string[] args)
    {
        LoopedProcess seed = Start(["seed", "elastic.yaml", "--run", Run.Root, "--listen", "127.0.0.1:0", "--seed", Address, .. args]);
        await seed.WaitForOutputAsync("stands by");
        return (seed, Listens().Match(seed.Output).Groups[1].Value);
    }

    /// <summary>Starts a worker.</summary>
    public LoopedProcess Worker(params string[] args) => Start(["worker", "--seed", Address, .. args]);

    /// <summary>The same by another program.</summary>
    public LoopedProcess WorkerBy(string[] launcher) => Start(launcher, ["worker", "--seed", Address]);

    /// <summary>The name of a worker in the run, as it says itself once it is prepared; empty before.</summary>
    public static string NameOf(LoopedProcess worker) => WorkerName().Match(worker.Output).Groups[1].Value;

    /// <summary>Waits until the run has committed a step.</summary>
    public Task WaitForStep(long step) => WaitFor(a => a.Step >= step, $"step {step}");

    /// <summary>Waits for a committed step in which a worker takes part.</summary>
    public Task WaitForMember(LoopedProcess worker) => WaitFor(a => a.Members.Contains(NameOf(worker)), $"a step of worker {worker.Id}");

    /// <summary>Waits until the newest committed step is one without a worker.</summary>
    public Task WaitForAbsence(LoopedProcess worker) =>
        Wait(() => Assignments is [.., { } last] && !last.Members.Contains(NameOf(worker)), $"a step without {NameOf(worker)}");

    /// <summary>Waits until a process has written something to its log in the run folder.</summary>
    public Task WaitForLog(LoopedProcess process, string text) =>
        Wait(() => Directory.Exists(Run.Logs) && Directory.GetFiles(Run.Logs, $"*-{process.Id}.log").Any(f => File.ReadAllText(f).Contains(text, StringComparison.Ordinal)), $"'{text}'");

    /// <summary>Waits until no step has been committed for a while, which must be before the last one.</summary>
    public async Task StandsStill(TimeSpan period)
    {
        var still = Stopwatch.StartNew();
        for (int seen = -1; still.Elapsed < period; await Task.Delay(50, TestContext.Current.CancellationToken))
        {
            if (Assignments.Count == seen) continue;
            seen = Assignments.Count;
            still.Restart();
        }
        Assert.True(Assignments.Count < undisturbed.Steps, "the run went on to its end");
    }

    private Task WaitFor(Func<StepAssignment, bool> found, string what) => Wait(() => Assignments.Any(found), what);

    private async Task Wait(Func<bool> found, string what)
    {
        var waited = Stopwatch.StartNew();
        while (!found())
        {
            if (waited.Elapsed > Patience) throw new TimeoutException($"{what} did not come; the run is at step {(Assignments is [.., { } last] ? last.Step : 0)}.\n{Said()}");
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Waits for processes to end with an exit code.</summary>
    public async Task Ends(int exitCode, params LoopedProcess[] processes)
    {
        foreach (LoopedProcess process in processes)
        {
            LoopedResult result = await process.WaitAsync(Patience);
            Assert.True(result.ExitCode == exitCode, $"process {process.Id} ended with {result.ExitCode} instead of {exitCode}\n{Said()}");
        }
    }

    /// <summary>Fails unless the run is finished, each step logged, every micro-batch in it once, and the bits are those of the undisturbed run.</summary>
    public async Task MustBeUndisturbed()
    {
        await undisturbed.MustEqual(Run);
        long[] steps = [.. Enumerable.Range(1, undisturbed.Steps).Select(s => (long)s)];
        Assert.Equal(steps, StepLog.Read<StepReport>(Run.Metrics).Select(s => s.Step));
        Assert.Equal(steps, Assignments.Select(a => a.Step));
        Assert.All(Assignments, a => Assert.Equal(Enumerable.Range(0, ElasticRecipe.MicroBatches), a.Assignment.SelectMany(m => m).Order()));
        RunSummary summary = RunSummary.Read(Run.Summary)!;
        Assert.Equal(RunStatus.Finished, summary.Status);
        // Every second of every worker has a kind, those of killed ones up to their last word.
        Assert.Equal(summary.Time!.Goodput, summary.Goodput);
        Assert.InRange(summary.Goodput, 0.001, 1);
        Assert.True(summary.Time.Productive > 0 && summary.Time.Startup > 0, $"{summary.Time}");
    }

    /// <summary>What a step of this run takes.</summary>
    public TimeSpan MedianStep => TimeSpan.FromSeconds(StepLog.Read<StepReport>(Run.Metrics).Select(s => s.Seconds).Order().ElementAt(Assignments.Count / 2));

    /// <summary>The log of a process in the run folder.</summary>
    public string LogOf(LoopedProcess process) => File.ReadAllText(Assert.Single(Directory.GetFiles(Run.Logs, $"*-{process.Id}.log")));

    /// <summary>How long a worker that has ended took from its notice to its end.</summary>
    public TimeSpan DrainOf(LoopedProcess worker)
    {
        string said = LogOf(worker).Split('\n').First(line => line.Contains(": leaving after the step in progress", StringComparison.Ordinal));
        return worker.Ended - DateTime.Parse(said[..said.IndexOf(' ', StringComparison.Ordinal)], CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal);
    }

    /// <summary>Sends a signal to a process of this test.</summary>
    public static void Kill(LoopedProcess process, int signal) => TinyRun.Kill(process, signal);

    public const int SigStop = 19, SigCont = 18;

    public void Dispose()
    {
        foreach (LoopedProcess process in _processes) process.Dispose();
    }

    private string Said() => string.Join("\n", _processes.Select(p => $"--- process {p.Id}\n{p.Output}{p.Error}"));

    [GeneratedRegex(@"^worker (\S+) joins ", RegexOptions.Multiline)]
    private static partial Regex WorkerName();

    [GeneratedRegex(@" at ([\d.]+:\d+);")]
    private static partial Regex Listens();
}
