using System.Net;
using Akka.Actor;
using Akka.Configuration;
using Looped.Actors.Checkpointing;
using Looped.Actors.Collectives;
using Looped.Actors.Collectives.Ring;
using Looped.Actors.Evaluating;
using Looped.Actors.Supervision;
using Looped.Actors.Telemetry;
using Looped.Actors.Training;

namespace Looped.Actors.Tests.Telemetry;

/// <summary>
/// A run of two workers in this process, connected by a real ring: their communicator breaks once, later one of them has notice. All
/// signals are heard.
/// </summary>
public sealed class TwoWorkers : IAsyncLifetime
{
    public const int Steps = 60, BreaksAfter = 5, LeavesAfter = 9;

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(30);

    private readonly Signals _signals = new();
    private readonly Instruments _instruments = new();

    internal Signals Signals => _signals;

    internal ToyRun Toy { get; } = new()
    {
        Recipe = new ToyRun().Recipe with { Training = new Models.Recipes.TrainingRecipe { Steps = Steps, Threads = 1 } },
    };

    public RunEnded Ended { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        using var system = ActorSystem.Create("signals", ConfigurationFactory.ParseString(ActorSystemSettings.Configuration + "\nakka.loglevel = ERROR"));
        using RingListener first = Listen("first"), second = Listen("second");
        IActorRef leaver = ActorRefs.Nobody;
        Breakable network = new(new RingNetwork(first, "127.0.0.1", Bound));
        IActorRef supervisor = system.ActorOf(Props.Create(() => new SupervisorActor(new SupervisedRun
        {
            Name = "toy",
            Steps = Toy.Recipe.Training.Steps,
            RecipeIdentity = "recipe",
            DataHash = "data",
            Settings = new SupervisorSettings { MicroBatches = 4, ExpectedWorkers = 2, GatherWindow = Bound, Reattach = TimeSpan.Zero },
            Instruments = _instruments,
        })));
        var ended = new TaskCompletionSource<RunEnded>(TaskCreationOptions.RunContinuationsAsynchronously);
        var observer = new RunObserver { OnEvent = _ => { } };
        system.ActorOf(Props.Create(() => new RunMonitorActor(observer, supervisor)));
        void Committed(StepReport report)
        {
            lock (Toy.Steps) Toy.Steps.Add(report);
            if (report.Step == BreaksAfter) network.Break();
            if (report.Step == LeavesAfter)
            {
                leaver.Tell(new LeaveNotice(Hurry: false, "SIGTERM", 25));
                // The steps are short: they wait until the supervisor has planned without it.
                SpinWait.SpinUntil(() => Signals.Sums.GetValueOrDefault("looped.cluster.generations{preempted}") > 0, Bound);
            }
            if (report.Step % 2 == 0) Signals.Look();
        }
        Worker(system, supervisor, "first", network, Committed);
        leaver = Worker(system, supervisor, "second", new RingNetwork(second, "127.0.0.1", Bound), Committed);
        Ended = await observer.Ended.WaitAsync(Bound);
        Signals.Look();
        await system.Terminate();
    }

    private static RingListener Listen(string member) => new(IPAddress.Loopback, 0, 0, "signals"u8.ToArray(), member);

    private IActorRef Worker(ActorSystem system, IActorRef supervisor, string name, IGenerationNetwork network, Action<StepReport> committed)
    {
        RunEnvironment environment = Toy.Environment() with
        {
            Worker = name,
            Instruments = _instruments,
            RecordStep = (report, _) => committed(report),
            Timeouts = new RankTimeouts { Heartbeat = TimeSpan.FromMilliseconds(50) },
        };
        IActorRef checkpoints = system.ActorOf(Props.Create(() => new CheckpointActor(environment)));
        IActorRef evaluator = system.ActorOf(Props.Create(() => new EvaluatorActor(environment)).WithDispatcher(Dispatchers.InputOutput));
        return system.ActorOf(Props.Create(() => new WorkerActor(environment, network, supervisor, checkpoints, evaluator)), name);
    }

    public ValueTask DisposeAsync()
    {
        _signals.Dispose();
        _instruments.Dispose();
        return ValueTask.CompletedTask;
    }

    /// <summary>A network whose communicator can be aborted from outside.</summary>
    private sealed class Breakable(IGenerationNetwork inner) : IGenerationNetwork
    {
        private ICollective? _last;

        public string Endpoint => inner.Endpoint;

        public ICollective Join(GenerationPlan plan, int rank, TimeSpan deadline, CancellationToken cancellation) =>
            _last = inner.Join(plan, rank, deadline, cancellation);

        public void Break() => _last!.Abort();
    }
}
