using Looped.Models.Randomness;

namespace Looped.Host.Chaos;

/// <summary>What is done to a cluster.</summary>
internal enum ChaosAction
{
    /// <summary>A new worker is started.</summary>
    Join,

    /// <summary>SIGKILL: a worker is gone without a word.</summary>
    Kill,

    /// <summary>SIGTERM: a worker has notice, and leaves by itself.</summary>
    Terminate,

    /// <summary>SIGSTOP for longer than the worker timeout, then SIGCONT: a worker that was taken for dead comes back.</summary>
    Suspend,

    /// <summary>SIGCONT: the end of <see cref="Suspend"/>.</summary>
    Continue,

    /// <summary>The seed is killed, and started again after a while.</summary>
    RestartSeed,

    /// <summary>Seed and workers are killed at once; after a while a seed and new workers are started.</summary>
    RestartEverything,
}

/// <summary>One disturbance; due when the run has come so far and so much time has passed.</summary>
/// <param name="Action">What is done.</param>
/// <param name="Worker">The number of the worker it is done to; of the first new one where workers are started.</param>
/// <param name="Step">Not before this step is committed.</param>
/// <param name="Time">Not before this long after the start.</param>
/// <param name="Hold">How long the process stays stopped or away, where it comes back.</param>
internal sealed record ChaosEvent(ChaosAction Action, int Worker, long Step = 0, TimeSpan Time = default, TimeSpan Hold = default);

/// <summary>What is done to a run, in order. Workers are numbered as they are started; the first ones from 0.</summary>
/// <param name="Workers">Workers at the start.</param>
/// <param name="Events">The disturbances, in the order in which they are due.</param>
internal sealed record ChaosSchedule(int Workers, IReadOnlyList<ChaosEvent> Events)
{
    /// <summary>Between two disturbances there are at least this many steps, and at most <see cref="LongestGap"/>.</summary>
    private const int ShortestGap = 3, LongestGap = 12;

    private static readonly (ChaosAction Action, double Share)[] Shares =
    [
        (ChaosAction.Join, 0.30), (ChaosAction.Kill, 0.25), (ChaosAction.Terminate, 0.18), (ChaosAction.Suspend, 0.12),
        (ChaosAction.RestartSeed, 0.10), (ChaosAction.RestartEverything, 0.05),
    ];

    /// <summary>A schedule for a run: a pure function of what it is given.</summary>
    /// <param name="seed">The random seed.</param>
    /// <param name="steps">Steps of the run; nothing happens in the first and last few.</param>
    /// <param name="workers">Workers at the start; there are at least one and at most one more than these.</param>
    /// <param name="workerTimeout">When a worker counts as lost; a stopped one stays stopped for longer.</param>
    public static ChaosSchedule Create(long seed, long steps, int workers, TimeSpan workerTimeout)
    {
        RandomStream random = RandomStream.Create(seed, "chaos");
        ulong drawn = 0;
        double Uniform() => random.Uniform(drawn++);
        int Below(int n) => (int)(Uniform() * n);

        var events = new List<ChaosEvent>();
        List<int> present = [.. Enumerable.Range(0, workers)];
        int next = workers, suspended = -1;
        for (long step = ShortestGap + Below(LongestGap - ShortestGap + 1); step <= steps - ShortestGap; step += ShortestGap + Below(LongestGap - ShortestGap + 1))
        {
            ChaosAction action = Pick(Uniform());
            // Whoever is stopped is left alone meanwhile; somebody has to be left to train.
            int[] others = [.. present.Where(w => w != suspended)];
            bool takes = action is ChaosAction.Kill or ChaosAction.Terminate or ChaosAction.Suspend;
            if (takes && (present.Count < 2 || others.Length == 0)) action = ChaosAction.Join;
            if (action == ChaosAction.Join && present.Count > workers) action = ChaosAction.Kill;
            double share = Uniform();
            int victim = others.Length > 0 ? others[Math.Min(others.Length - 1, (int)(share * others.Length))] : -1;
            suspended = -1;
            switch (action)
            {
                case ChaosAction.Join:
                    present.Add(next);
                    events.Add(new(action, next++, step));
                    break;
                case ChaosAction.Kill or ChaosAction.Terminate:
                    present.Remove(victim);
                    events.Add(new(action, victim, step));
                    break;
                case ChaosAction.Suspend:
                    suspended = victim;
                    events.Add(new(action, victim, step, Hold: 1.5 * workerTimeout));
                    break;
                case ChaosAction.RestartSeed:
                    events.Add(new(action, -1, step, Hold: (0.25 + share) * workerTimeout));
                    break;
                default:
                    present = [.. Enumerable.Range(next, workers)];
                    events.Add(new(action, next, step, Hold: 0.25 * workerTimeout));
                    next += workers;
                    break;
            }
        }
        return new(workers, events);
    }

    private static ChaosAction Pick(double at)
    {
        foreach ((ChaosAction action, double share) in Shares)
            if ((at -= share) < 0) return action;
        return ChaosAction.Join;
    }
}
