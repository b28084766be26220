using Akka.Actor;

namespace Looped.Actors.Supervision;

/// <summary>Where the program meets the actors: events come out, the end is a task.</summary>
public sealed class RunObserver
{
    private readonly TaskCompletionSource<RunEnded> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Called for every event of the run, one at a time.</summary>
    public required Action<object> OnEvent { get; init; }

    /// <summary>Completes when the run is over.</summary>
    public Task<RunEnded> Ended => _ended.Task;

    internal void End(RunEnded ended) => _ended.TrySetResult(ended);
}

/// <summary>
/// Follows a run for the program and notices when one of its actors dies.
/// <code>
/// state      message             does                                                  next state
/// following  (any run event)     hands it to the observer                               following
/// following  RunEnded            completes the observer                                 ended
/// following  Terminated          completes the observer with a failure                  ended
/// </code>
/// </summary>
internal sealed class RunMonitorActor : ReceiveActor
{
    /// <summary>Watches actors whose death ends the run.</summary>
    internal sealed record Watch(params IActorRef[] Actors);

    public RunMonitorActor(RunObserver observer, IActorRef supervisor)
    {
        supervisor.Tell(new SubscribeToRun());
        Receive<Watch>(watch =>
        {
            foreach (IActorRef actor in watch.Actors) Context.Watch(actor);
        });
        Receive<Terminated>(dead => observer.End(new RunEnded(RunOutcome.Failed, 0,
            $"The actor {dead.ActorRef.Path.Name} stopped unexpectedly; the log above has its error.")));
        Receive<RunEnded>(observer.End);
        Receive<IWireMessage>(observer.OnEvent);
    }
}
