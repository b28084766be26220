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
public sealed class RunMonitorActor : ReceiveActor, IWithTimers
{
    private sealed class Again
    {
        public static readonly Again Instance = new();
    }

    /// <summary>Watches actors whose death ends the run.</summary>
    public sealed record Watch(params IActorRef[] Actors);

    /// <summary>Creates the actor.</summary>
    /// <param name="observer">Who is told.</param>
    /// <param name="supervisor">The supervisor, or a proxy of it.</param>
    public RunMonitorActor(RunObserver observer, IActorRef supervisor)
    {
        supervisor.Tell(new SubscribeToRun());
        // A supervisor that takes over elsewhere does not know its predecessor's subscribers.
        Receive<Again>(_ => supervisor.Tell(new SubscribeToRun()));
        Receive<Watch>(watch =>
        {
            foreach (IActorRef actor in watch.Actors) Context.Watch(actor);
        });
        Receive<Terminated>(dead => observer.End(new RunEnded(RunOutcome.Failed, 0,
            $"The actor {dead.ActorRef.Path.Name} stopped unexpectedly; the log above has its error.")));
        Receive<RunEnded>(observer.End);
        Receive<IWireMessage>(observer.OnEvent);
    }

    /// <inheritdoc/>
    public ITimerScheduler Timers { get; set; } = null!;

    /// <inheritdoc/>
    protected override void PreStart() => Timers.StartPeriodicTimer("again", Again.Instance, TimeSpan.FromSeconds(1));
}
