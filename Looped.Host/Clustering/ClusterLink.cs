using System.Diagnostics;
using Akka.Actor;
using Looped.Actors;
using Looped.Actors.Clustering;
using Looped.Actors.Supervision;
using Looped.Host.CommandLine;
using Looped.Models;
using Microsoft.Extensions.Logging;

namespace Looped.Host.Clustering;

/// <summary>
/// A worker's way to the supervisor: a cluster node that is thrown away and built anew whenever it is of no more use, while training goes
/// on. Restored at the next seed that answers.
/// </summary>
internal sealed class ClusterLink : IAsyncDisposable
{
    private readonly object _gate = new();
    private readonly WorkerOptions _options;
    private readonly byte[] _secret;
    private readonly string _name, _role;
    private readonly ILoggerFactory _loggers = LocalHost.ClusterLoggers();
    private TaskCompletionSource<IWireMessage> _learned = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _over = new();
    private ClusterNode? _node;
    private IActorRef? _local, _relay, _proxy;
    private bool _compared;
    private long _rejectedBefore;
    private long _heard = Stopwatch.GetTimestamp();
    private Task _watching = Task.CompletedTask;

    public ClusterLink(WorkerOptions options, byte[] secret, string name, string role = ClusterRoles.Worker) =>
        (_options, _secret, _name, _role) = (options, secret, name, role);

    /// <summary>Every timing of the cluster; the default until the run's recipe is known.</summary>
    public ClusterTimings Timings { get; private set; } = ClusterTimings.Default;

    /// <summary>Asks the supervisor what is trained here and by whom, anew each time; null if the run is over already.</summary>
    /// <exception cref="NoClusterException">No seed answered in time.</exception>
    public async Task<RunDescribed?> LearnRun()
    {
        long started = Stopwatch.GetTimestamp();
        Volatile.Write(ref _learned, new(TaskCreationOptions.RunContinuationsAsynchronously));
        if (_node is null) Start();
        else Volatile.Write(ref _heard, started);
        string version = typeof(SupervisedRun).Assembly.GetName().Version!.ToString(3);
        while (true)
        {
            _relay!.Tell(new SupervisorLinkActor.ToSupervisor(new AskForRun(_name, version, _role == ClusterRoles.Worker, Slot)));
            if (await Task.WhenAny(_learned.Task, Task.Delay(300)) == _learned.Task) break;
            // A crowded machine may take a node for dead while it joins; then no answer would ever come through it.
            if (_node!.Lost.IsCompleted || Stopwatch.GetElapsedTime(Volatile.Read(ref _heard)) > Timings.SupervisorSilence)
            {
                _node.Kill();
                Start();
            }
            if (Stopwatch.GetElapsedTime(started) > _options.Wait)
                throw ClusterVisit.NobodyAt(_options.Seeds, _options.Wait);
        }
        return await _learned.Task switch
        {
            RunDescribed run => Compare(run),
            RegistrationRefused refused => throw new LoopedException(refused.Reason),
            RunEnded { Outcome: not RunOutcome.Failed } => null,
            RunEnded failed => throw new LoopedException(failed.Reason ?? "The run failed."),
            IWireMessage other => throw new InvalidOperationException($"Unexpected answer {other.GetType().Name}."),
        };
    }

    private RunDescribed Compare(RunDescribed run)
    {
        if (!_compared && ClockSkew.Describe(DateTime.UtcNow, run.Clock) is { } skew) Terminal.Error.WriteWarning(skew);
        _compared = true;
        return run;
    }

    /// <summary>The number of the array task that this is, if it is one.</summary>
    private static int? Slot => int.TryParse(Environment.GetEnvironmentVariable("SLURM_ARRAY_TASK_ID"), System.Globalization.NumberStyles.None,
        System.Globalization.CultureInfo.InvariantCulture, out int task) ? task : null;

    /// <summary>A picture of the cluster; null if no supervisor answers now.</summary>
    public async Task<ClusterPicture?> Look()
    {
        try
        {
            return await _proxy!.Ask<ClusterPicture>(new AskForCluster(), Timings.SupervisorSilence);
        }
        catch (AskTimeoutException)
        {
            return null;
        }
    }

    /// <summary>Connections without the secret that this process's nodes have dropped.</summary>
    public long Rejected => Interlocked.Read(ref _rejectedBefore) + (_node?.Rejected ?? 0);

    /// <summary>Takes the run's timings from here on.</summary>
    public void Use(ClusterTimings timings) => Timings = timings;

    /// <summary>Joins the local actors with the cluster, and keeps them joined.</summary>
    public void Attach(IActorRef local)
    {
        lock (_gate)
        {
            _local = local;
            Volatile.Write(ref _heard, Stopwatch.GetTimestamp()); // nobody spoke while this worker prepared itself
            local.Tell(new SupervisorLinkActor.Attach(_relay!));
        }
        _watching = Task.Run(() => Watch(_over.Token));
    }

    private void Start()
    {
        lock (_gate)
        {
            if (_over.IsCancellationRequested) return;
            ClusterNode node = ClusterNode.Start(new ClusterNodeOptions
            {
                Role = _role,
                Listen = _options.Listen,
                Ports = _options.Ports,
                Advertise = _options.Advertise is { } advertise ? advertise with { Port = 0 } : null,
                Seeds = _options.Seeds,
                Timings = Timings,
                Secret = _secret,
                Loggers = _loggers,
            });
            Interlocked.Add(ref _rejectedBefore, _node?.Rejected ?? 0);
            _node = node;
            IActorRef proxy = _proxy = _node.SupervisorProxy(SupervisorName);
            _relay = _node.System.ActorOf(Props.Create(() => new Relay(proxy, this)), "relay");
            _local?.Tell(new SupervisorLinkActor.Attach(_relay));
            _heard = Stopwatch.GetTimestamp();
        }
    }

    /// <summary>The supervisor's actor on every seed.</summary>
    public const string SupervisorName = "supervisor";

    private async Task Watch(CancellationToken over)
    {
        while (!over.IsCancellationRequested)
        {
            ClusterNode node = _node!;
            await Task.WhenAny(node.Lost, Task.Delay(Timings.SupervisorHeartbeat, over));
            bool silent = Stopwatch.GetElapsedTime(Volatile.Read(ref _heard)) > Timings.SupervisorSilence;
            if (over.IsCancellationRequested || !(node.Lost.IsCompleted || silent)) continue;
            node.Kill();
            try
            {
                Start();
            }
#pragma warning disable CA1031 // Training goes on; whatever kept a new node from starting, the next round tries again.
            catch (Exception e)
#pragma warning restore CA1031
            {
                await Console.Error.WriteLineAsync($"warning: {e.Message}");
                await Task.WhenAny(Task.Delay(Timings.SupervisorHeartbeat, over));
            }
        }
    }

    private void Hear(IWireMessage message)
    {
        Volatile.Write(ref _heard, Stopwatch.GetTimestamp());
        if (_local is { } local) local.Tell(new SupervisorLinkActor.FromSupervisor(message));
        else if (message is RunDescribed or RegistrationRefused or RunEnded) Volatile.Read(ref _learned).TrySetResult(message);
    }

    public async ValueTask DisposeAsync()
    {
        await _over.CancelAsync();
        ClusterNode? node;
        lock (_gate) node = _node;
        if (node is not null) await node.StopAsync(TimeSpan.FromSeconds(1));
        await Task.WhenAny(_watching, Task.Delay(TimeSpan.FromSeconds(1)));
        _loggers.Dispose();
        _over.Dispose();
    }

    /// <summary>Passes messages between the supervisor and this process.</summary>
    private sealed class Relay : ReceiveActor
    {
        public Relay(IActorRef supervisor, ClusterLink link)
        {
            Receive<SupervisorLinkActor.ToSupervisor>(to => supervisor.Tell(to.Message));
            Receive<IWireMessage>(link.Hear);
        }
    }
}
