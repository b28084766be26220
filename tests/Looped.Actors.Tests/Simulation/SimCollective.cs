using Looped.Actors.Supervision;

namespace Looped.Actors.Tests.Simulation;

/// <summary>A collective call failed, as CollectiveBrokenException or a cancellation does.</summary>
internal sealed class BrokenException(IReadOnlyList<int> lost) : Exception
{
    public IReadOnlyList<int> Lost { get; } = lost;
}

/// <summary>
/// The data plane of one generation. A call completes on its ranks one by one once all have made it, so a loss may find it complete on
/// some and not on others. A killed member's neighbours notice at once, a stopped one's after the timeout; the news goes round.
/// </summary>
internal sealed class SimCollective(SimRun run, GenerationPlan plan)
{
    private sealed class Round(int world)
    {
        public object?[] Values { get; } = new object?[world];

        public string? What { get; set; }

        public int Count { get; set; }
    }

    private readonly End?[] _ends = new End?[plan.Generation.WorldSize];
    private readonly List<Round> _rounds = [];

    public GenerationPlan Plan => plan;

    private int World => _ends.Length;

    public IEnumerable<End> Ends => _ends.OfType<End>();

    /// <summary>Joins, as the first call of all members: complete when all are connected, or broken at the deadline.</summary>
    public End Open(SimWorker worker, int rank, TimeSpan deadline)
    {
        run.Require(_ends[rank] is null, $"{worker} joins generation {plan.Id} twice");
        var end = new End(this, worker, rank);
        _ends[rank] = end;
        foreach (End silent in Neighbours(end).Where(n => n.Worker.Stopped)) Accuse(silent, run.Options.WorkerTimeout, () => silent.Worker.Stopped);
        run.Scheduler.Post(worker, deadline, "join deadline", () => end.GiveUp());
        return end;
    }

    /// <summary>A member's process is gone.</summary>
    public void Died(SimWorker worker)
    {
        if (_ends.FirstOrDefault(e => e?.Worker == worker) is { } dead) Accuse(dead, run.Choices.Time(0.001, 0.01), () => true);
    }

    /// <summary>A member's process is stopped: its connections stay open.</summary>
    public void Stopped(SimWorker worker)
    {
        if (_ends.FirstOrDefault(e => e?.Worker == worker) is { } silent) Accuse(silent, run.Options.WorkerTimeout, () => worker.Stopped);
    }

    private void Accuse(End suspect, TimeSpan after, Func<bool> still)
    {
        if (suspect.Closed) return;
        foreach (End neighbour in Neighbours(suspect))
            run.Scheduler.Post(neighbour.Worker, after, $"{suspect.Worker} is missed", () =>
            {
                if (still() && !suspect.Closed) neighbour.Break([suspect.Rank]);
            });
    }

    private bool Answers(int rank) => _ends[rank] is { Closed: false, Worker: { Alive: true, Stopped: false } };

    private IEnumerable<End> Neighbours(End end) => new[] { (end.Rank + 1) % World, (end.Rank + World - 1) % World }.Distinct()
        .Where(rank => rank != end.Rank).Select(rank => _ends[rank]).OfType<End>();

    /// <summary>A rank's end of it.</summary>
    internal sealed class End(SimCollective whole, SimWorker worker, int rank)
    {
        private TaskCompletionSource<object?[]>? _pending;
        private int _calls;
        private bool _up;

        public SimWorker Worker => worker;

        public int Rank => rank;

        public int World => whole.World;

        public GenerationPlan Plan => whole.Plan;

        public bool Broken { get; private set; }

        public bool Disposed { get; private set; }

        /// <summary>Whether its connections are closed with a last word, so that nobody needs to notice.</summary>
        public bool Closed => Broken || Disposed;

        public IReadOnlyList<int> Lost { get; private set; } = [];

        public Action OnBroken { get; set; } = () => { };

        private SimRun Run => worker.Run;

        /// <summary>Gives every rank what each has to say.</summary>
        public async Task<T[]> AllGather<T>(string what, T mine)
        {
            if (Broken) throw new BrokenException(Lost);
            int call = _calls++;
            while (whole._rounds.Count <= call) whole._rounds.Add(new Round(World));
            Round round = whole._rounds[call];
            Run.Require(round.What is null || round.What == what, $"{worker} calls {what} where others call {round.What} in generation {Plan.Id}");
            round.What = what;
            round.Values[rank] = mine;
            _pending = new TaskCompletionSource<object?[]>();
            Task<object?[]> result = _pending.Task;
            if (++round.Count == World)
            {
                // Nobody connects to the dead: the attempt fails at its deadline.
                if (call == 0 && whole.Ends.Any(e => !e.Worker.Alive)) return await Refused<T>(result);
                foreach (End end in whole.Ends) end.CompleteSoon(call, round);
            }
            else if (Array.Exists(whole._ends, e => e is { Disposed: true } && e._calls <= call))
            {
                Run.Scheduler.Post(worker, Run.Choices.Time(0.001, 0.005), "a peer left", () => Break([]));
            }
            object?[] values = await result;
            _up = true;
            return [.. values.Cast<T>()];
        }

        private static async Task<T[]> Refused<T>(Task<object?[]> never) => [.. (await never).Cast<T>()];

        private void CompleteSoon(int call, Round round) => Run.Scheduler.Post(worker, Run.Choices.Time(0.001, 0.005), $"{round.What} complete", () =>
        {
            if (_calls != call + 1 || _pending is not { } pending || Closed) return;
            _pending = null;
            pending.SetResult(round.Values);
        });

        /// <summary>The deadline of the attempt to join has passed.</summary>
        public void GiveUp()
        {
            if (_up || Closed) return;
            int[] missing = [.. new[] { (rank + 1) % World, (rank + World - 1) % World }.Distinct().Where(r => r != rank && !whole.Answers(r))];
            if (missing.Length > 0) Break(whole._ends[missing[0]] is { Lost.Count: > 0 } refused ? refused.Lost : [missing[0]]);
            else Run.Scheduler.Post(worker, TimeSpan.FromSeconds(1), "no news", () => { if (!_up) Break([]); });
        }

        /// <summary>The first cause counts; the neighbours hear of it, and a call that waits fails.</summary>
        public void Break(IReadOnlyList<int> lost)
        {
            if (Closed) return;
            (Broken, Lost) = (true, lost);
            foreach (End neighbour in whole.Neighbours(this))
                Run.Scheduler.Post(neighbour.Worker, Run.Choices.Time(0.001, 0.005), "news of a breakage", () => neighbour.Break(lost));
            Run.Scheduler.Post(worker, TimeSpan.Zero, "broken", OnBroken);
            if (_pending is { } pending)
            {
                _pending = null;
                Run.Scheduler.Post(worker, Run.Choices.Time(0, 0.002), "call failed", () => pending.SetException(new BrokenException(Lost)));
            }
        }

        public void Abort() => Break([]);

        /// <summary>Says goodbye. Who still waits for this rank gets an error without anybody to blame.</summary>
        public void Dispose()
        {
            if (Disposed) return;
            bool broken = Broken;
            Disposed = true;
            if (broken) return;
            foreach (End end in whole.Ends)
                if (end != this && end._calls > _calls)
                    Run.Scheduler.Post(end.Worker, Run.Choices.Time(0.001, 0.005), $"{worker} left", () => { if (end._pending is not null) end.Break([]); });
        }
    }
}
