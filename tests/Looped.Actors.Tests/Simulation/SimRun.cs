using System.Globalization;
using Looped.Actors.Supervision;

namespace Looped.Actors.Tests.Simulation;

/// <summary>An invariant does not hold.</summary>
internal sealed class SimFailure(string message) : Exception(message);

/// <summary>A whole run in virtual time: storage, supervisors, workers, the network between them, faults, and what must always hold.</summary>
internal sealed class SimRun
{
    private readonly Dictionary<GenerationId, SimCollective> _collectives = [];
    private readonly Dictionary<string, SimWorker> _workers = [];
    private readonly List<SimSupervisor> _supervisors = [];
    private readonly Dictionary<string, TimeSpan> _cutOff = [];
    private readonly Dictionary<string, GenerationId> _entered = [];
    private readonly Queue<Fault> _faults;
    private readonly ulong[] _expected;
    private readonly HashSet<long> _logged = [];
    private readonly List<string>? _trace;
    private SimFailure? _failure;
    private TimeSpan _calm;
    private bool _askedToStop;
    private int _births;
    private int _supervisorBirths;

    public SimRun(SimOptions options, Choices choices, bool trace = false)
    {
        (Options, Choices) = (options, choices);
        _trace = trace ? [] : null;
        _expected = Replica.Undisturbed(options.MicroBatches, options.Steps);
        _faults = new Queue<Fault>(options.Faults.OrderBy(f => f.At));
        Scheduler = new Scheduler(choices) { Happening = e => { if (e.What.Length > 0) Note(e.Owner?.Name ?? "", e.What); } };
        Storage = new SimStorage(this);
        _supervisors.Add(new SimSupervisor(this, "seed-0"));
        for (int i = 0; i < options.Workers; i++) Born();
    }

    public SimOptions Options { get; }

    public Choices Choices { get; }

    public Scheduler Scheduler { get; }

    public SimStorage Storage { get; }

    public RunEnded? End { get; private set; }

    /// <summary>Micro-batches that were computed, those in vain included.</summary>
    public int Computed { get; set; }

    /// <summary>Plans that were published.</summary>
    public int Plans { get; private set; }

    /// <summary>Called when a fault happens.</summary>
    public Action Faulted { get; set; } = () => { };

    public IEnumerable<SimWorker> Workers => _workers.Values;

    private bool Calm => _faults.Count == 0 && Scheduler.Now >= _calm;

    /// <summary>Runs to the end.</summary>
    /// <exception cref="SimFailure">An invariant does not hold, or there is no progress.</exception>
    public void Go()
    {
        SynchronizationContext? before = SynchronizationContext.Current;
        SynchronizationContext.SetSynchronizationContext(null); // threads of the simulation go on where they are woken
        try
        {
            TimeSpan calmSince = TimeSpan.Zero;
            while (!(Over && Calm))
            {
                while (_faults.TryPeek(out Fault? fault) && fault.At <= Scheduler.Count)
                {
                    _faults.Dequeue();
                    Happen(fault);
                }
                if (!Calm) calmSince = Scheduler.Now;
                if (Scheduler.Now - calmSince > Options.Patience) throw new SimFailure($"no progress for {Options.Patience} after the last fault");
                if (!Scheduler.Step()) throw new SimFailure("nothing can happen any more");
                if (_failure is not null) throw _failure;
                // No fault waits for a run that is over.
                if (End is not null) _faults.Clear();
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(before);
        }
        if (!_askedToStop) Require(End!.Outcome == RunOutcome.Finished, $"the run ended as {End}");
        if (End!.Outcome == RunOutcome.Finished)
        {
            Require(Storage.Durable == Options.Steps, $"the run is finished, and the last checkpoint is that of step {Storage.Durable}");
            for (long step = 1; step <= Options.Steps; step++) Require(_logged.Contains(step), $"the run is finished, and step {step} has no line in the log");
        }
    }

    private bool Over => End is not null && _workers.Values.All(w => !w.Alive);

    /// <summary>What happened, for people.</summary>
    public string Trace => string.Join('\n', _trace ?? []);

    public void Note(string who, string what) =>
        _trace?.Add(string.Create(CultureInfo.InvariantCulture, $"{Scheduler.Count,6} {Scheduler.Now.TotalSeconds,9:0.000} {who,-8} {what}"));

    public void Require(bool holds, string otherwise)
    {
        if (!holds) Fail(otherwise);
    }

    public void Remember(string problem) => _failure ??= new SimFailure(problem);

    private void Fail(string problem)
    {
        Remember(problem);
        throw _failure!;
    }

    public void Count(GenerationPlan plan)
    {
        Plans++;
        Note("", $"plan {plan.Id} after {plan.After?.ToString() ?? "nothing"}: {string.Join(", ", plan.Generation.Members)}"
            + $"{(plan.First is null ? "" : $", keeps what is held of step {plan.BaseStep}")}{(plan.Restore ? ", looks at checkpoints" : "")}");
    }

    public void Finished(RunEnded ended)
    {
        Note("", $"the run is over: {ended}");
        Require(ended.Outcome != RunOutcome.Failed, "the run failed");
        End ??= ended;
    }

    public SimWorker? Find(string name) => _workers.GetValueOrDefault(name);

    public SimCollective CollectiveOf(GenerationPlan plan)
    {
        if (!_collectives.TryGetValue(plan.Id, out SimCollective? collective)) _collectives.Add(plan.Id, collective = new SimCollective(this, plan));
        return collective;
    }

    public SimWorker Born()
    {
        var worker = new SimWorker(this, $"w{_births++}");
        _workers.Add(worker.Name, worker);
        return worker;
    }

    // --- the control plane's network -------------------------------------------------------------------------------------------

    /// <summary>A status (or, with null, a registration) to whoever the worker takes for the supervisor.</summary>
    public void SendToSupervisor(SimWorker worker, WorkerStatus? status) =>
        SendToSupervisor(worker, status is null ? $"registration of {worker}" : $"status {status.Sequence} of {worker}", s => s.Hear(worker, status));

    /// <summary>The same for any message.</summary>
    public void SendToSupervisor(SimWorker worker, string what, Action<SimSupervisor> deliver)
    {
        SimSupervisor[] alive = [.. _supervisors.Where(s => s.Alive)];
        if (alive.Length == 0) return;
        SimSupervisor supervisor = Calm ? alive[^1] : alive[Choices.Pick(alive.Length)];
        Deliver(worker.Name, supervisor, what, () => deliver(supervisor));
    }

    public void Send(SimWorker worker, string what, Action deliver) => Deliver(worker.Name, worker, what, deliver);

    private void Deliver(string worker, Process to, string what, Action deliver)
    {
        if (!Calm)
        {
            if (_cutOff.GetValueOrDefault(worker) > Scheduler.Now || Choices.Chance(Options.Loss)) return;
            if (Choices.Chance(Options.Repeats)) Scheduler.Post(to, Choices.Time(0.001, 2), what + " (again)", deliver);
        }
        Scheduler.Post(to, !Calm && Choices.Chance(Options.Delays) ? Choices.Time(0.01, 4) : Choices.Time(0.001, 0.02), what, deliver);
    }

    // --- faults ----------------------------------------------------------------------------------------------------------------

    private void Happen(Fault fault)
    {
        SimWorker[] alive = [.. _workers.Values.Where(w => w.Alive)];
        SimWorker? victim = alive.Length == 0 ? null : alive[fault.Who % alive.Length];
        SimSupervisor supervisor = _supervisors.FindLast(s => s.Alive) ?? _supervisors[^1];
        var lasts = TimeSpan.FromSeconds(fault.Seconds);
        Note("fault", $"{fault.Kind} {(fault.Kind is FaultKind.Kill or FaultKind.Freeze or FaultKind.Notice or FaultKind.Partition ? victim : "")}");
        switch (fault.Kind)
        {
            case FaultKind.Kill: Replace([victim], lasts, w => w.Kill()); break;
            case FaultKind.KillAll: Replace(alive, lasts, w => w.Kill()); break;
            case FaultKind.Notice: Replace([victim], lasts, w => w.GiveNotice(TimeSpan.FromSeconds(8))); break;
            case FaultKind.NoticeToAll: Replace(alive, lasts, w => w.GiveNotice(TimeSpan.FromSeconds(8))); break;
            case FaultKind.Freeze: victim?.Freeze(); Later(lasts, () => victim?.Wake(Scheduler)); break;
            case FaultKind.Join: Born(); break;
            case FaultKind.KillSupervisor: supervisor.Kill(); Later(lasts, Succeed); break;
            case FaultKind.SecondSupervisor: Succeed(); break;
            case FaultKind.FreezeSupervisor: supervisor.Stop(); Succeed(); Later(lasts, () => supervisor.Wake(Scheduler)); break;
            case FaultKind.LoseSuccessor:
                supervisor.Stop();
                Succeed();
                Later(lasts, () =>
                {
                    // Only where the first one can come back.
                    if (supervisor.Alive) foreach (SimSupervisor other in _supervisors.Where(s => s != supervisor)) other.Kill();
                    supervisor.Wake(Scheduler);
                });
                break;
            case FaultKind.Partition: if (victim is not null) _cutOff[victim.Name] = Scheduler.Now + lasts; Later(lasts, () => { }); break;
            case FaultKind.AskToStop: _askedToStop = true; supervisor.AskToStop("asked"); break;
        }
        Faulted();
    }

    private void Replace(SimWorker?[] victims, TimeSpan after, Action<SimWorker> harm)
    {
        foreach (SimWorker? victim in victims)
        {
            if (victim is not null) harm(victim);
            Later(after, () => { if (End is null) Born(); });
        }
    }

    private void Succeed() => _supervisors.Add(new SimSupervisor(this, $"seed-{++_supervisorBirths}"));

    private void Later(TimeSpan after, Action action)
    {
        Scheduler.Post(null, after, "", action);
        if (Scheduler.Now + after > _calm) _calm = Scheduler.Now + after;
    }

    // --- what must always hold -------------------------------------------------------------------------------------------------

    /// <summary>A reduction is complete on a rank: every micro-batch of this step is in it once.</summary>
    public void CheckSums(SimWorker worker, GenerationPlan plan, Tag[][] sums, long step)
    {
        Tag[] all = [.. sums.SelectMany(s => s).OrderBy(t => t.MicroBatch)];
        Require(all.SequenceEqual(Enumerable.Range(0, Options.MicroBatches).Select(m => new Tag(step, m))),
            $"{worker} sums {string.Join(" ", all.Select(t => $"{t.Step}:{t.MicroBatch}"))} at step {step} of generation {plan.Id}");
    }

    public void Committed(SimWorker worker, SimCollective.End collective)
    {
        long step = worker.Replica.Step;
        Require(worker.Replica.State == _expected[step], $"{worker} has a state of its own at step {step}");
        foreach (SimCollective.End other in CollectiveOf(collective.Plan).Ends)
            if (other.Worker.Alive && !other.Closed && other.Worker.State.InForce?.Id == collective.Plan.Id)
                Require(Math.Abs(other.Worker.Replica.Step - step) <= 1, $"{worker} is at step {step}, {other.Worker} at {other.Worker.Replica.Step} of one generation");
        worker.LastCommitted = step;
        if (collective.Rank == 0) _logged.Add(step);
        Note(worker.Name, $"commits step {step} in {collective.Plan.Id}");
    }

    public void Entered(SimWorker worker, GenerationPlan plan)
    {
        Require(worker.Replica.State == _expected[worker.Replica.Step], $"{worker} enters {plan.Id} with a state of its own at step {worker.Replica.Step}");
        Require(!_entered.TryGetValue(worker.Name, out GenerationId before) || before <= plan.Id, $"{worker} goes back from {before} to {plan.Id}");
        _entered[worker.Name] = plan.Id;
        // Rank 0 writes the logs. If the one before died between a commit and its line, the next writes the line, if it has computed that step.
        if (plan.RankOf(worker.Name) == 0 && worker.LastCommitted == worker.Replica.Step) _logged.Add(worker.Replica.Step);
        Note(worker.Name, $"enters {plan.Id} at step {worker.Replica.Step}");
    }
}
