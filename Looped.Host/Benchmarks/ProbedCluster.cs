using System.Diagnostics;
using Looped.Actors.Clustering;
using Looped.Actors.Recipes;
using Looped.Actors.Runs;
using Looped.Actors.Training;
using Looped.Host.Clustering;
using Looped.Host.Progress;
using Looped.Host.Training;
using Looped.Models;

namespace Looped.Host.Benchmarks;

/// <summary>A cluster of real processes on this machine that trains for ever, with the time at which each step was heard of.</summary>
internal sealed class ProbedCluster : IAsyncDisposable
{
    private const int Steady = 6;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly object _gate = new();
    private readonly List<(StepReport Report, long At)> _steps = [];
    private readonly List<(string Text, long At)> _notes = [];
    private readonly string _root = Directory.CreateTempSubdirectory("looped-bench-").FullName;
    private readonly RunSession _session;
    private readonly SeedProcess _seed;
    private readonly LocalWorkers _workers;

    /// <summary>Starts the seed and the workers.</summary>
    /// <param name="recipe">What they train; evaluations and checkpoints are left out.</param>
    /// <param name="data">Its data.</param>
    /// <param name="workers">How many.</param>
    public ProbedCluster(RunRecipe recipe, RunData data, int workers)
    {
        var folder = new RunFolder(_root);
        RunRecipe endless = recipe with
        {
            Training = recipe.Training with { Steps = 1_000_000 },
            Evaluation = recipe.Evaluation with { Every = 0, Batches = 1 },
            Checkpoint = recipe.Checkpoint with { Every = 1_000_000 },
        };
        _session = RunSession.Open(folder, endless, data.Dataset.ContentHash, extend: false, TimeProvider.System);
        var options = new SeedOptions { Listen = new NodeAddress("127.0.0.1", 0), ExpectedWorkers = workers, GatherWindow = TimeSpan.FromSeconds(60) };
        _seed = new SeedProcess(options, endless, folder, data, new Listener(this));
        _workers = new LocalWorkers(_seed.Address, folder.Logs);
        for (int k = 0; k < workers; k++) _workers.Start();
    }

    /// <summary>Worker processes in the order of their start.</summary>
    public IReadOnlyList<ChildProgram> Workers => _workers.Processes;

    /// <summary>Steps heard of so far.</summary>
    public int Count
    {
        get
        {
            lock (_gate) return _steps.Count;
        }
    }

    /// <summary>When the first note after a time said something; null if none did yet.</summary>
    public long? NotedAt(string text, long after)
    {
        lock (_gate)
        {
            int found = _notes.FindIndex(n => n.At > after && n.Text.Contains(text, StringComparison.Ordinal));
            return found < 0 ? null : _notes[found].At;
        }
    }

    /// <summary>One more worker.</summary>
    public ChildProgram Start() => _workers.Start();

    /// <summary>When a step was heard of, a timestamp of <see cref="Stopwatch"/>.</summary>
    public long At(int index)
    {
        lock (_gate) return _steps[index].At;
    }

    /// <summary>What was heard.</summary>
    public StepReport Step(int index)
    {
        lock (_gate) return _steps[index].Report;
    }

    /// <summary>Seconds between two timestamps.</summary>
    public static double Seconds(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalSeconds;

    /// <summary>Waits for steps of a world size, several in a row; gives the index of the first one.</summary>
    public async Task<int> Until(int world, int after = 0, int steady = Steady)
    {
        long started = Stopwatch.GetTimestamp();
        while (Stopwatch.GetElapsedTime(started) < Patience)
        {
            lock (_gate)
            {
                int first = _steps.FindIndex(after, s => s.Report.WorldSize == world);
                if (first >= 0 && _steps.Count >= first + steady && _steps[^1].Report.WorldSize == world) return first;
            }
            await Task.Delay(20);
        }
        throw new LoopedException($"A generation of {world} workers did not come up within {Patience.TotalMinutes:0} minutes; end other programs and try again.");
    }

    /// <summary>The median time between the commits that follow one, seconds.</summary>
    public double MedianStep(int first, int steps = Steady)
    {
        lock (_gate)
        {
            double[] sorted = [.. Enumerable.Range(first + 1, Math.Min(steps, _steps.Count - first) - 1).Select(i => Seconds(_steps[i - 1].At, _steps[i].At)).Order()];
            return sorted[sorted.Length / 2];
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _seed.Stop("the benchmark is over");
        await Task.WhenAny(_seed.Ended, Task.Delay(TimeSpan.FromSeconds(15)));
        _workers.Dispose();
        await _seed.DisposeAsync();
        _session.Dispose();
        Directory.Delete(_root, recursive: true);
    }

    /// <summary>Notes when each step was heard of, in this process's clock.</summary>
    private sealed class Listener(ProbedCluster cluster) : ITrainingDisplay
    {
        public void Start(string name, long committed, long steps)
        {
        }

        public void Step(StepReport report)
        {
            lock (cluster._gate) cluster._steps.Add((report, Stopwatch.GetTimestamp()));
        }

        public void Evaluated(EvaluationReport report)
        {
        }

        public void Note(string text)
        {
            lock (cluster._gate) cluster._notes.Add((text, Stopwatch.GetTimestamp()));
        }

        public void Dispose()
        {
        }
    }
}
