using System.Diagnostics;
using Looped.Actors.Supervision;

namespace Looped.Host.Benchmarks.Supervision;

/// <summary>
/// A cluster in virtual time: the supervisor's own decisions, timed, and workers that do no more than answer plans, compute for as long as
/// the model says, and break when one of them dies.
/// </summary>
internal sealed partial class ModelledCluster
{
    private readonly ClusterModel _model;
    private readonly PriorityQueue<Action, (TimeSpan At, long Order)> _events = new();
    private readonly Dictionary<string, ModelledWorker> _workers = [];
    private readonly Dictionary<GenerationId, HashSet<string>> _ready = [];
    private SupervisorState _state;
    private GenerationPlan? _active;
    private long _order, _version, _step, _checkpoint;
    private TimeSpan _stepStarted;

    public ModelledCluster(ClusterModel model)
    {
        _model = model;
        _state = SupervisorState.Create(model.Settings, 1, []);
        Tick();
    }

    public TimeSpan Now { get; private set; }

    public long Steps => _step;

    public WorkerTime Time { get; private set; } = new();

    /// <summary>Microseconds of each decision of the supervisor.</summary>
    public List<double> Decisions { get; } = [];

    public long Plans { get; private set; }

    /// <summary>Messages with plans, and statuses with news.</summary>
    public long Messages { get; private set; }

    /// <summary>Forgets what was measured so far.</summary>
    public void Reset()
    {
        Decisions.Clear();
        (Plans, Messages, Time) = (0, 0, new WorkerTime());
    }

    /// <summary>Something happens later.</summary>
    public void At(TimeSpan at, Action action) => _events.Enqueue(action, (at, _order++));

    public void Run(TimeSpan until)
    {
        while (_events.TryPeek(out _, out (TimeSpan At, long) next) && next.At <= until)
        {
            Now = next.At;
            _events.Dequeue()();
        }
        Now = until;
    }

    public void Join(string name)
    {
        var worker = new ModelledWorker(name, Now);
        _workers[name] = worker;
        Say(worker, s => s);
        Beat(worker);
    }

    public void GiveNotice(string name)
    {
        if (_workers.GetValueOrDefault(name) is { Alive: true } worker) Say(worker, s => s with { Leaving = true });
    }

    public void Kill(string name)
    {
        if (!_workers.Remove(name, out ModelledWorker? dead) || !dead.Alive) return;
        dead.Alive = false;
        if (dead.Status.Activity == RankActivity.Running && _active?.RankOf(name) >= 0) Break(dead);
        else Rested(dead);
        Time.Lost += dead.HeldSeconds;
        foreach ((GenerationId id, HashSet<string> ready) in _ready.ToArray())
            if (ready.Contains(name)) Fail(_state.Known.GetValueOrDefault(id)!);
    }

    /// <summary>Closes the books of those who still live.</summary>
    public void Close()
    {
        foreach (ModelledWorker worker in _workers.Values.Where(w => w.Alive && w.Status.Activity != RankActivity.Running)) Rested(worker);
    }

    // --- the supervisor ----------------------------------------------------------------------------------------------------------

    private void Tick() => At(Now + TimeSpan.FromMilliseconds(100), () =>
    {
        Decide(new Ticked(Now));
        Tick();
    });

    private void Beat(ModelledWorker worker) => At(Now + _model.Heartbeat, () =>
    {
        if (!worker.Alive) return;
        worker.Status = worker.Status with { Sequence = worker.Status.Sequence + 1 };
        Decide(new StatusHeard(worker.Status, Now));
        Beat(worker);
    });

    private void Say(ModelledWorker worker, Func<WorkerStatus, WorkerStatus> change)
    {
        WorkerStatus status = change(worker.Status) with { Sequence = worker.Status.Sequence + 1 };
        worker.Status = status;
        Messages++;
        At(Now + _model.Message, () => Decide(new StatusHeard(status, Now)));
    }

    private void Decide(SupervisorEvent happened)
    {
        long started = Stopwatch.GetTimestamp();
        (_state, IReadOnlyList<SupervisorCommand> commands) = SupervisorLogic.Decide(_state, happened);
        Decisions.Add(Stopwatch.GetElapsedTime(started).TotalMicroseconds);
        foreach (SupervisorCommand command in commands)
        {
            if (command is RepeatPlan repeat) Tell(repeat.Worker, repeat.Plan);
            if (command is not PublishPlan { Plan: var plan }) continue;
            Plans++;
            foreach (string member in plan.Generation.Members.Union(_state.Current?.Generation.Members ?? [])) Tell(member, plan);
        }
    }

    private void Tell(string name, GenerationPlan plan)
    {
        Messages++;
        At(Now + _model.Message, () =>
        {
            if (_workers.GetValueOrDefault(name) is not { } worker || worker.Status.Seen >= plan.Id) return;
            worker.Candidate = plan;
            worker.Status = worker.Status with { Seen = plan.Id };
            if (worker.Status.Activity is RankActivity.Idle or RankActivity.Forming && plan.RankOf(name) >= 0) Form(worker, plan);
        });
    }

    // --- forming -----------------------------------------------------------------------------------------------------------------

    private void Form(ModelledWorker worker, GenerationPlan plan)
    {
        Say(worker, s => s with { Activity = RankActivity.Forming });
        if (!_ready.TryGetValue(plan.Id, out HashSet<string>? ready))
        {
            _ready[plan.Id] = ready = [];
            if (plan.After is null) At(Now + _model.Settings.Formation, () => Fail(plan));
        }
        ready.Add(worker.Name);
        if (plan.After is null && ready.Count == plan.Generation.WorldSize) Connect(plan);
    }

    /// <summary>At the end of a step: the members of the old generation form the next with the newcomers.</summary>
    private void HandOver(GenerationPlan plan)
    {
        foreach (string member in _active!.Generation.Members) _workers[member].Since = Now;
        HashSet<string> ready = _ready.TryGetValue(plan.Id, out HashSet<string>? newcomers) ? newcomers : _ready[plan.Id] = [];
        ready.UnionWith(plan.Generation.Members.Intersect(_active.Generation.Members));
        if (ready.Count == plan.Generation.WorldSize) Connect(plan);
        else At(Now + _model.Settings.Formation, () => Fail(plan));
    }

    private void Connect(GenerationPlan plan)
    {
        bool copies = plan.Generation.Members.Any(m => !_workers[m].Status.HasState);
        At(Now + _model.Connect + (copies ? _model.Copy : TimeSpan.Zero), () =>
        {
            if (_ready.Remove(plan.Id)) Up(plan, copies);
        });
    }

    private void Fail(GenerationPlan plan)
    {
        if (plan is null || !_ready.Remove(plan.Id, out HashSet<string>? ready)) return;
        string[] culprits = [.. plan.Generation.Members.Where(m => !_workers.ContainsKey(m) || !ready.Contains(m))];
        foreach (string name in ready)
        {
            if (_workers.GetValueOrDefault(name) is not { } worker) continue;
            bool running = worker.Status.Activity == RankActivity.Running;
            Say(worker, s => s with { Activity = running ? RankActivity.Running : RankActivity.Idle, Failed = plan.Id, Culprits = culprits });
        }
        if (_active is not null && plan.After == _active.Id && _active.Generation.Members.All(_workers.ContainsKey)) StartStep();
    }

    private void Up(GenerationPlan plan, bool copied)
    {
        GenerationPlan? before = _active;
        _active = plan;
        if (plan.Restore && !plan.Generation.Members.Any(m => _workers[m].Status.HasState)) Restore();
        foreach ((int rank, string member) in plan.Generation.Members.Index())
        {
            ModelledWorker worker = _workers[member];
            if (copied)
            {
                Time.Copying += _model.Copy.TotalSeconds;
                worker.Since += _model.Copy;
            }
            Rested(worker);
            bool kept = plan.First is { } first && worker.Status.Held.All(first[rank].Contains);
            if (!kept)
            {
                Time.Lost += worker.HeldSeconds;
                worker.HeldSeconds = 0;
            }
            Say(worker, s => s with
            {
                Activity = RankActivity.Running,
                InForce = plan.Id,
                HasState = true,
                Step = _step,
                StateHash = null,
                Held = kept ? s.Held : [],
                Lost = [],
                SecondsPerMicroBatch = _model.MicroBatch.TotalSeconds,
            });
        }
        foreach (string left in before?.Generation.Members.Where(m => plan.RankOf(m) < 0) ?? [])
        {
            if (!_workers.Remove(left, out ModelledWorker? worker)) continue;
            Rested(worker);
            Say(worker, s => s with { Activity = RankActivity.Ended, Outcome = RunOutcome.Interrupted });
            worker.Alive = false;
        }
        StartStep();
    }

    /// <summary>Work since the last checkpoint is gone with those who had it.</summary>
    private void Restore()
    {
        double gone = (_step - _checkpoint) * _model.Settings.MicroBatches * _model.MicroBatch.TotalSeconds;
        (Time.Useful, Time.Lost, _step) = (Time.Useful - gone, Time.Lost + gone, _checkpoint);
    }
}
