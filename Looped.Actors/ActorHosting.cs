using Akka.Actor;
using Akka.Hosting;
using Looped.Actors.Checkpointing;
using Looped.Actors.Evaluating;
using Looped.Actors.Supervision;
using Looped.Actors.Training;

namespace Looped.Actors;

/// <summary>Puts the actors of a run into an actor system.</summary>
public static class ActorHosting
{
    /// <summary>Adds dispatchers and serializer, and the five actors of a run in one process.</summary>
    /// <param name="akka">The actor system's configuration.</param>
    /// <param name="environment">The node's run.</param>
    /// <param name="observer">Where run events go.</param>
    /// <param name="record">Keeps what is to be kept of them; by default nothing is.</param>
    public static AkkaConfigurationBuilder WithLoopedRun(this AkkaConfigurationBuilder akka, RunEnvironment environment, RunObserver observer, Action<RunEvent>? record = null) =>
        akka.WithLoopedBasics().WithActors((system, registry) =>
        {
            SupervisedRun run = SupervisedRun.Alone(environment, record ?? (_ => { }));
            IActorRef supervisor = system.ActorOf(Props.Create(() => new SupervisorActor(run)), "supervisor");
            IActorRef monitor = system.ActorOf(Props.Create(() => new RunMonitorActor(observer, supervisor)), "monitor");
            IActorRef[] actors = StartWorker(system, environment, new SoloNetwork(), supervisor);
            monitor.Tell(new RunMonitorActor.Watch([supervisor, .. actors]));
            registry.Register<SupervisorActor>(supervisor);
            registry.Register<WorkerActor>(actors[^1]);
        });

    /// <summary>Adds dispatchers and serializer, and the actors of a worker whose supervisor is elsewhere.</summary>
    /// <param name="akka">The actor system's configuration.</param>
    /// <param name="environment">The node's run.</param>
    /// <param name="network">How the ranks connect.</param>
    /// <param name="heard">Called with every message of the supervisor.</param>
    /// <param name="told">Called with every message for the supervisor.</param>
    /// <param name="runFolder">The run folder, as this node sees it.</param>
    public static AkkaConfigurationBuilder WithLoopedWorker(this AkkaConfigurationBuilder akka, RunEnvironment environment, IGenerationNetwork network,
        Action<IWireMessage> heard, Action<IWireMessage> told, string runFolder) =>
        akka.WithLoopedBasics().WithActors((system, registry) =>
        {
            IActorRef link = system.ActorOf(Props.Create(() => new SupervisorLinkActor(heard, told, runFolder)), "supervisor");
            IActorRef[] actors = StartWorker(system, environment, network, link);
            link.Tell(new SupervisorLinkActor.Serve(actors[^1], environment.Worker, actors[..^1]));
            registry.Register<SupervisorLinkActor>(link);
        });

    private static AkkaConfigurationBuilder WithLoopedBasics(this AkkaConfigurationBuilder akka) => akka
        .AddHocon(ActorSystemSettings.Configuration, HoconAddMode.Prepend);

    private static IActorRef[] StartWorker(ActorSystem system, RunEnvironment environment, IGenerationNetwork network, IActorRef supervisor)
    {
        IActorRef checkpoints = system.ActorOf(
            Props.Create(() => new CheckpointActor(environment)).WithDispatcher(Dispatchers.InputOutput), "checkpoints");
        IActorRef evaluator = system.ActorOf(
            Props.Create(() => new EvaluatorActor(environment)).WithDispatcher(Dispatchers.InputOutput), "evaluator");
        IActorRef worker = system.ActorOf(
            Props.Create(() => new WorkerActor(environment, network, supervisor, checkpoints, evaluator)), "worker");
        return [checkpoints, evaluator, worker];
    }
}
