using Akka.Actor;

namespace Looped.Actors.Supervision;

/// <summary>
/// Stands for the supervisor in a worker's own actor system, which lives as long as the process; the cluster's actor system may be
/// thrown away and built anew beside it.
/// <code>
/// state   message                     does                                             next state
/// any     Attach                      takes the relay of a new cluster node            linked
/// linked  (any message of a worker)   to the relay                                     linked
/// alone   (any message of a worker)   dropped: the worker repeats its status anyway    alone
/// any     FromSupervisor              remembers the time; to the worker                same
/// any     WorkerEnded                 to the relay and to the observer                 same
/// any     Terminated                  a failed WorkerEnded, as if the worker said it   same
/// </code>
/// </summary>
public sealed class SupervisorLinkActor : ReceiveActor
{
    /// <summary>A new cluster node's relay.</summary>
    public sealed record Attach(IActorRef Relay) : INoSerializationVerificationNeeded;

    /// <summary>The worker in this process, its name, and those without whom it cannot work.</summary>
    public sealed record Serve(IActorRef Worker, string Name, params IActorRef[] Others) : INoSerializationVerificationNeeded;

    /// <summary>A message for the supervisor, on its way through the relay.</summary>
    public sealed record ToSupervisor(IWireMessage Message) : INoSerializationVerificationNeeded;

    /// <summary>Something came from the supervisor.</summary>
    public sealed record FromSupervisor(IWireMessage Message) : INoSerializationVerificationNeeded;

    private IActorRef _relay = ActorRefs.Nobody, _worker = ActorRefs.Nobody;
    private string _name = "";
    private bool _ended;

    /// <summary>Creates the actor.</summary>
    /// <param name="heard">Called with every message of the supervisor.</param>
    /// <param name="told">Called with every message of the worker.</param>
    public SupervisorLinkActor(Action<IWireMessage> heard, Action<IWireMessage> told)
    {
        Receive<Attach>(attach => _relay = attach.Relay);
        Receive<Serve>(serve =>
        {
            (_worker, _name) = (serve.Worker, serve.Name);
            foreach (IActorRef actor in serve.Others.Append(serve.Worker)) Context.Watch(actor);
        });
        Receive<Terminated>(dead =>
        {
            if (_ended) return;
            var ended = new WorkerEnded(_name, RunOutcome.Failed, 0, $"The actor {dead.ActorRef.Path.Name} stopped unexpectedly; the log has its error.");
            told(ended);
            _relay.Tell(new ToSupervisor(ended));
        });
        Receive<FromSupervisor>(from =>
        {
            heard(from.Message);
            if (from.Message is not RunDescribed) _worker.Tell(from.Message);
        });
        Receive<LeaveNotice>(notice => _worker.Tell(notice));
        Receive<IWireMessage>(message =>
        {
            _ended |= message is WorkerEnded;
            told(message);
            _relay.Tell(new ToSupervisor(message));
        });
    }
}
