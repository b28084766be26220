using System.Diagnostics;
using Akka.Actor;
using Looped.Actors.Clustering;
using Looped.Actors.Logging;
using Looped.Actors.Recipes;
using Looped.Actors.Runs;
using Looped.Actors.Supervision;
using Looped.Actors.Telemetry;
using Looped.Host.Logging;
using Looped.Host.Progress;
using Looped.Host.Telemetry;
using Looped.Host.Training;
using Looped.Models.Recipes;
using Microsoft.Extensions.Logging;

namespace Looped.Host.Clustering;

/// <summary>How a seed was asked to run.</summary>
internal sealed record SeedOptions
{
    public required NodeAddress Listen { get; init; }
    public NodeAddress? Advertise { get; init; }
    public IReadOnlyList<NodeAddress> Seeds { get; init; } = [];
    public string? SecretFile { get; init; }
    public int ExpectedWorkers { get; init; } = 1;
    public TimeSpan GatherWindow { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>How long the supervisor that it stands by for may take to answer.</summary>
    public TimeSpan Wait { get; init; } = TimeSpan.FromSeconds(60);

    public bool UntilInputCloses { get; init; }
    public bool Verbose { get; init; }
}

/// <summary>A seed node: supervises a run, trains nothing. Several may stand by; one of them supervises.</summary>
internal sealed class SeedProcess : IAsyncDisposable
{
    private readonly SeedOptions _options;
    private readonly RunRecipe _recipe;
    private readonly RunFolder _folder;
    private readonly RunData _data;
    private readonly ITrainingDisplay _display;
    private readonly ILoggerFactory _loggers = LocalHost.ClusterLoggers();
    private readonly ProcessLog _log;
    private readonly SupervisorLines _lines;
    private readonly RunObserver _observer;
    private readonly Instruments _instruments = new();
    private readonly Exporters _exporters;
    private readonly ScrapeAddress _scrape;
    private ScrapeTargets? _targets;
    private readonly long _started = Stopwatch.GetTimestamp();
    private readonly byte[] _secret;
    private readonly StrangerWatch _strangers;
    private ClusterNode? _node;
    private long _rejectedBefore;
    private IActorRef _supervisor = ActorRefs.Nobody;

    public SeedProcess(SeedOptions options, RunRecipe recipe, RunFolder folder, RunData data, ITrainingDisplay display)
    {
        (_options, _recipe, _folder, _data, _display) = (options, recipe, folder, data, display);
        _observer = new RunObserver { OnEvent = Show };
        _scrape = new ScrapeAddress(options.Listen.Host, recipe.Telemetry.PrometheusPort, options.Advertise?.Host);
        _exporters = Exporters.Start(new NodeIdentity("seed", folder.Name), recipe.Telemetry, _scrape, required: options.Seeds.Count == 0, sentence => display.Note($"warning: {sentence}"));
        // A seed that stands by begins when it takes over.
        if (_scrape.Port > 0 && options.Seeds.Count == 0) _targets = new ScrapeTargets(folder, _scrape, "seed", display.Note);
        _log = ProcessLog.Open(folder, "seed", options.Verbose, _exporters.AddTo);
        _lines = new SupervisorLines(folder, _log.Run, TimeProvider.System);
        _secret = ClusterSecret.Here(options.SecretFile, [options.Listen, .. options.Seeds]);
        Timings = new ClusterTimings(recipe.Cluster.WorkerTimeout);
        Start();
        _strangers = new StrangerWatch(() => Interlocked.Read(ref _rejectedBefore) + _node!.Rejected, Warn);
    }

    private void Warn(string sentence)
    {
        _display.Note($"warning: {sentence}");
        RunLog.Warning(_log.Run, sentence);
    }

    /// <summary>Every timing of the cluster.</summary>
    public ClusterTimings Timings { get; }

    /// <summary>Where workers reach it.</summary>
    public NodeAddress Address => _node!.Address;

    /// <summary>Completes when the cluster counts this seed as a member.</summary>
    public Task Joined => _node!.Joined;

    /// <summary>Completes when the run is over.</summary>
    public Task<RunEnded> Ended => _observer.Ended;

    /// <summary>Asks for the run to stop after the step in progress, with a checkpoint.</summary>
    public void Stop(string reason) => _supervisor.Tell(new StopRun(reason));

    /// <summary>Writes the summary; null if another process holds the run and does it.</summary>
    public RunSummary? Settle(RunSession? session, RunEnded ended) => session is null ? null : RunEvents.Settle(session, _data, ended, _started);

    /// <summary>Waits until workers had the time to hear that the run is over.</summary>
    public Task Linger() => Task.Delay(3 * Timings.SupervisorHeartbeat);

    private void Show(object happened)
    {
        _lines.Follow(happened);
        if (happened is WorkersChanged changed && changed.Seed == _node?.SelfAddress.ToString()) WriteTargets(changed.Workers);
        RunEvents.Show(_display, happened);
    }

    private void WriteTargets(IReadOnlyList<WorkerPlace> workers)
    {
        if (_scrape.Port > 0) (_targets ??= new ScrapeTargets(_folder, _scrape, "seed", _display.Note)).Write(workers);
    }

    private void Start()
    {
        var run = new SupervisedRun
        {
            Name = _recipe.Name,
            Steps = _recipe.Training.Steps,
            Recipe = RecipeWriter.ToYaml(_recipe),
            RecipeIdentity = RecipeIdentity.Of(_recipe),
            DataHash = _data.Dataset.ContentHash,
            RunFolder = Path.GetFullPath(_folder.Root),
            Settings = new SupervisorSettings
            {
                MicroBatches = _recipe.Batch.MicroBatches(),
                ExpectedWorkers = _options.ExpectedWorkers,
                GatherWindow = _options.GatherWindow,
                AnswerWindow = Timings.AnswerWindow,
                Reattach = Timings.WorkerTimeout + Timings.SupervisorSilence,
                LostAfter = Timings.WorkerTimeout,
                Lease = Timings.RestoreLease,
                Formation = Timings.FormationDeadline,
                CoolDown = Timings.CoolDownBase,
                LongestCoolDown = Timings.CoolDownMax,
                RebalanceEvery = 2 * Timings.WorkerTimeout,
            },
            Memory = new TermFiles(_folder),
            Record = _lines.Record,
            CannotBegin = reason => _observer.End(new RunEnded(RunOutcome.Failed, 0, reason)),
            AllowMixed = _recipe.Cluster.AllowMixed,
            Instruments = _instruments,
        };
        ClusterNode node = ClusterNode.Start(new ClusterNodeOptions
        {
            Role = ClusterRoles.Seed,
            // Workers know where the seed was: a node that is started again keeps its port.
            Listen = _node is null ? _options.Listen : _options.Listen with { Port = _node.SelfAddress.Port!.Value },
            Advertise = _options.Advertise,
            Seeds = _options.Seeds,
            FormerSeeds = SeedFiles.Read(_folder),
            Timings = Timings,
            Secret = _secret,
            Loggers = _loggers,
            Start = node =>
            {
                node.StartSupervisorSingleton(Props.Create(() => new SupervisorActor(run)), ClusterLink.SupervisorName);
                _supervisor = node.SupervisorProxy(ClusterLink.SupervisorName);
                node.System.ActorOf(Props.Create(() => new RunMonitorActor(_observer, _supervisor)), "monitor");
            },
        });
        Interlocked.Add(ref _rejectedBefore, _node?.Rejected ?? 0);
        _node = node;
        SeedFiles.Write(_folder, Address);
        _ = Restart(_node);
    }

    /// <summary>A seed that its peers took for dead comes back with a new node, as a stand-by of theirs.</summary>
    private async Task Restart(ClusterNode node)
    {
        string reason = await node.Lost;
        if (_leaving || _observer.Ended.IsCompleted) return;
        _display.Note($"{reason}; this seed joins again");
        RunLog.Warning(_log.Run, $"{reason}; this seed joins again");
        while (!_leaving)
        {
            _node!.Kill();
            await _node.Terminated;
            if (_leaving) return;
            try
            {
                Start();
                return;
            }
#pragma warning disable CA1031 // A seed without a node is of no use to anybody: whatever kept it from starting, it says so and tries again.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Warn($"this seed could not join again and tries once more: {e.Message}");
                await Task.Delay(Timings.WorkerTimeout);
            }
        }
    }

    private volatile bool _leaving;

    public async ValueTask DisposeAsync()
    {
        _leaving = true;
        _strangers.Dispose();
        SeedFiles.Remove(_folder, Address);
        await _node!.StopAsync(TimeSpan.FromSeconds(2));
        _loggers.Dispose();
        _log.Dispose();
        _targets?.Dispose();
        _exporters.Dispose();
        _instruments.Dispose();
    }
}
