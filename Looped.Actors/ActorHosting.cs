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
    /// <summary>Adds the common settings, and the five actors of a run in one process.</summary>
    /// <param name="akka">The actor system's configuration.</param>
    /// <param name="environment">The node's run.</param>
    /// <param name="observer">Where run events go.</param>
    public static AkkaConfigurationBuilder WithLoopedRun(this AkkaConfigurationBuilder akka, RunEnvironment environment, RunObserver observer)
    {
        ArgumentNullException.ThrowIfNull(akka);
        return akka
            .AddHocon(ActorSystemSettings.Configuration, HoconAddMode.Prepend)
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
