using System.Diagnostics;
using System.Globalization;
using Looped.Actors.Runs;
using Looped.Host.Clustering;
using Looped.Host.CommandLine;
using Looped.Host.Progress;
using Looped.Models;

namespace Looped.Host.Chaos;

/// <summary>Trains a recipe in a seed and worker processes while a schedule of disturbances is carried out on them.</summary>
internal sealed class DisturbedRun(string recipe, RunFolder folder, string name, long steps, ChaosSchedule schedule, Func<ITrainingDisplay> display) : IDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(15);

    private readonly ProcessCluster _cluster = new(recipe, folder, Math.Max(1, schedule.Workers));
    private readonly CommitWatch _watch = new(folder);
    private readonly Stopwatch _clock = new();
    private readonly List<Effect> _effects = [];
    private readonly List<(double Due, Action Do)> _later = [];
    private readonly Dictionary<int, double> _leaving = [];
    private readonly HashSet<int> _gone = [];
    private readonly List<Disturbance> _disturbances = [];
    private readonly List<string> _problems = [];
    private readonly ITrainingDisplay _display = display();
    private bool _seedAway;

    /// <summary>What was done, and what came of it.</summary>
    public IReadOnlyList<Disturbance> Disturbances => _disturbances;

    /// <summary>What went otherwise than it must, such as a worker that ended by itself.</summary>
    public IReadOnlyList<string> Problems => _problems;

    /// <summary>How long it took.</summary>
    public TimeSpan Elapsed => _clock.Elapsed;

    private double Now => _clock.Elapsed.TotalSeconds;

    /// <summary>Trains to the last step.</summary>
    /// <param name="limit">Gives up after this long.</param>
    /// <param name="cancellation">Ends every process at once.</param>
    /// <returns>Whether the run is finished.</returns>
    /// <exception cref="LoopedException">The seed did not begin.</exception>
    public async Task<bool> Run(TimeSpan limit, CancellationToken cancellation)
    {
        _clock.Start();
        _cluster.StartSeed();
        await _cluster.SeedListens(cancellation);
        for (int worker = 0; worker < schedule.Workers; worker++) _cluster.StartWorker(worker);
        _display.Note($"a seed and {schedule.Workers} worker processes: {string.Join(", ", _cluster.Workers.Values.Select(w => w.Id))}");
        _display.Start(name, 0, steps);
        var due = new Queue<ChaosEvent>(schedule.Events);
        while (_seedAway || _cluster.Seed.ExitCode is null)
        {
            if (_clock.Elapsed > limit)
            {
                _problems.Add(string.Create(CultureInfo.InvariantCulture, $"The run is at step {_watch.Step} of {steps} after {limit.TotalMinutes:0.#} minutes; the logs are in {folder.Logs}."));
                return false;
            }
            Observe();
            while (due.TryPeek(out ChaosEvent? next) && next.Step <= _watch.Step && next.Time <= _clock.Elapsed) Do(due.Dequeue());
            foreach ((double Due, Action Do) item in _later.Where(l => l.Due <= Now).ToArray())
            {
                _later.Remove(item);
                item.Do();
            }
            // Without workers no further step is committed: what waits for one will never be done.
            bool goesOn = due.TryPeek(out ChaosEvent? first) && first.Step <= _watch.Step;
            if (!LookAtProcesses(joinersWillCome: goesOn && due.Any(e => e.Action is ChaosAction.Join or ChaosAction.RestartEverything))) return false;
            await Task.Delay(Look, cancellation);
        }
        Observe();
        await Task.WhenAny(Task.WhenAll(_cluster.Workers.Values.Select(w => w.Ended)), Task.Delay(TimeSpan.FromSeconds(5), cancellation));
        LookAtProcesses(joinersWillCome: true);
        _disturbances.AddRange(_effects.Select(e => e.Unseen()));
        _disturbances.Sort((a, b) => a.Seconds.CompareTo(b.Seconds));
        if (_cluster.Seed.ExitCode == ExitCode.Finished) return true;
        _problems.Add($"The seed ended with exit code {_cluster.Seed.ExitCode}: {_cluster.Seed.LastLine}");
        return false;
    }

    private void Observe()
    {
        foreach (Commit commit in _watch.Read())
        {
            _display.Step(commit.Report);
            foreach (Effect effect in _effects.ToArray())
            {
                if (effect.See(commit, Now) is not { } disturbance) continue;
                _effects.Remove(effect);
                _disturbances.Add(disturbance);
                _display.Note($"{Stamp()}  └ {disturbance.Effect}");
            }
        }
    }

    private void Do(ChaosEvent happens)
    {
        int worker = happens.Worker;
        if (_gone.Contains(worker)) return; // killed with all others meanwhile, or ended by itself
        if (happens.Action == ChaosAction.Join) _cluster.StartWorker(worker);
        string? name = _cluster.Workers.ContainsKey(worker) ? _cluster.PrefixOf(worker) : null;
        var effect = new Effect(happens, Now, _watch.Last, name);
        _effects.Add(effect);
        string hold = happens.Hold > TimeSpan.Zero ? string.Create(CultureInfo.InvariantCulture, $" for {happens.Hold.TotalSeconds:0.0} s") : "";
        string process = name is null ? "" : $" (process {_cluster.Workers[worker].Id})";
        _display.Note(Stamp() + "  " + happens.Action switch
        {
            ChaosAction.Join => $"a new worker {worker}{process} is started",
            ChaosAction.Kill => $"SIGKILL to worker {worker}{process}",
            ChaosAction.Terminate => $"SIGTERM to worker {worker}{process}",
            ChaosAction.Suspend => $"SIGSTOP to worker {worker}{process}{hold}",
            ChaosAction.Continue => $"SIGCONT to worker {worker}{process}",
            ChaosAction.RestartSeed => $"SIGKILL to the seed, away{hold}",
            _ => "SIGKILL to every process, seed and workers",
        });
        switch (happens.Action)
        {
            case ChaosAction.Kill: Kill(worker); break;
            case ChaosAction.Terminate:
                _leaving[worker] = Now;
                _cluster.Workers[worker].Signal(UnixSignal.Terminate);
                break;
            case ChaosAction.Suspend:
                _cluster.Workers[worker].Signal(UnixSignal.Stop);
                After(happens.Hold, () =>
                {
                    effect.CameBack = true;
                    Do(new ChaosEvent(ChaosAction.Continue, worker));
                });
                break;
            case ChaosAction.Continue: _cluster.Workers[worker].Signal(UnixSignal.Continue); break;
            case ChaosAction.RestartSeed or ChaosAction.RestartEverything:
                _seedAway = true;
                ChildProgram seed = _cluster.Seed;
                seed.Kill();
                if (happens.Action == ChaosAction.RestartEverything)
                    foreach (int each in _cluster.Workers.Keys.Except(_gone).ToArray()) Kill(each);
                After(happens.Hold, () => ComeBack(effect, seed));
                break;
        }
    }

    private void ComeBack(Effect effect, ChildProgram killed)
    {
        if (killed.ExitCode is null) // not yet reaped
        {
            After(Look, () => ComeBack(effect, killed));
            return;
        }
        // Where two such disturbances overlap, the other one may have started a seed already.
        if (_cluster.Seed == killed) _cluster.StartSeed();
        _seedAway = false;
        effect.CameBack = true;
        if (effect.Cause.Action != ChaosAction.RestartEverything) return;
        for (int k = 0; k < schedule.Workers; k++) _cluster.StartWorker(effect.Cause.Worker + k);
    }

    private void Kill(int worker)
    {
        _gone.Add(worker);
        _cluster.Workers[worker].Kill();
    }

    private void After(TimeSpan hold, Action action) => _later.Add((Now + hold.TotalSeconds, action));

    /// <summary>Looks at workers that have ended.</summary>
    /// <returns>False if nobody is left to train, and nobody will come.</returns>
    private bool LookAtProcesses(bool joinersWillCome)
    {
        foreach ((int worker, ChildProgram process) in _cluster.Workers)
        {
            if (process.ExitCode is not { } code || !_gone.Add(worker)) continue;
            if (_leaving.TryGetValue(worker, out double since))
            {
                string left = string.Create(CultureInfo.InvariantCulture, $"worker {worker} left with exit code {code} after {Now - since:0.0} s");
                if (code is ExitCode.Drained or ExitCode.Finished) _display.Note($"{Stamp()}  └ {left}");
                else Problem($"{left} instead of {ExitCode.Drained}: {process.LastLine}");
            }
            else if (code != ExitCode.Finished) Problem($"worker {worker} ended by itself with exit code {code}: {process.LastLine}");
        }
        if (joinersWillCome || _later.Count > 0 || _cluster.Workers.Keys.Any(w => !_gone.Contains(w)) || _cluster.Seed.ExitCode is not null || _watch.Step >= steps) return true;
        Problem("no worker is left");
        return false;
    }

    private void Problem(string what)
    {
        _problems.Add(what);
        _display.Note($"{Stamp()}  ! {what}");
    }

    private string Stamp() => string.Create(CultureInfo.InvariantCulture, $"{Now,6:0.0} s  step {_watch.Step,4}");

    /// <summary>Ends whatever still runs.</summary>
    public void Dispose()
    {
        _cluster.Dispose();
        _display.Dispose();
    }
}
