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
    public static AkkaConfigurationBuilder WithLoopedRun(this AkkaConfigurationBuilder akka, RunEnvironment environment, RunObserver observer)
    {
        ArgumentNullException.ThrowIfNull(akka);
        return akka
            .AddHocon(Dispatchers.Configuration, HoconAddMode.Append)
            // An actor that throws has lost its state: it stops, and the run ends with its error instead of going on without it.
            .AddHocon("akka.actor.guardian-supervisor-strategy = \"Akka.Actor.StoppingSupervisorStrategy, Akka\"", HoconAddMode.Prepend)
            // Signals are notices to the run; the actor system must not shut itself down on one before the checkpoint is written.
            .AddHocon("akka.coordinated-shutdown.run-by-clr-shutdown-hook = off", HoconAddMode.Prepend)
            .WithCustomSerializer("looped", [typeof(IWireMessage)], system => new WireSerializer(system))
            .WithActors((system, registry) =>
            {
                IActorRef supervisor = system.ActorOf(Props.Create(() => new SupervisorActor(SupervisedRun.Alone(environment))), "supervisor");
                IActorRef checkpoints = system.ActorOf(
                    Props.Create(() => new CheckpointActor(environment)).WithDispatcher(Dispatchers.InputOutput), "checkpoints");
                IActorRef evaluator = system.ActorOf(
                    Props.Create(() => new EvaluatorActor(environment)).WithDispatcher(Dispatchers.InputOutput), "evaluator");
                IActorRef monitor = system.ActorOf(Props.Create(() => new RunMonitorActor(observer, supervisor)), "monitor");
                monitor.Tell(new RunMonitorActor.Watch(supervisor, checkpoints, evaluator));
                IActorRef worker = system.ActorOf(
                    Props.Create(() => new WorkerActor(environment, new SoloNetwork(), supervisor, checkpoints, evaluator)), "worker");
                monitor.Tell(new RunMonitorActor.Watch(worker));
                registry.Register<SupervisorActor>(supervisor);
            });
    }
}
