using System.Diagnostics;
using Akka.Actor;

namespace Looped.Actors.Supervision;

/// <summary>
/// Stands for the supervisor in a worker's own actor system, which lives as long as the process; the cluster's actor system may be
/// thrown away and built anew beside it.
/// <code>
/// state   message                     does                                             next state
/// any     Attach                      takes the relay of a new cluster node            linked
/// linked  (any message of a worker)   to the relay                                     linked
/// linked  PleaseRegister, elsewhere   after a while says so to both sides              foreign
/// foreign (any message of a worker)   dropped, but for its status                      foreign
/// foreign PleaseRegister, from here   to the worker                                    linked
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
    private readonly string _runFolder;
    private readonly TimeSpan _patience;
    private readonly Action<IWireMessage> _told;
    private string _name = "";
    private bool _ended;
    private (RunFolderMark Mark, long Since, bool Told)? _foreign;

    /// <summary>A network file system may show a new file to other machines only after a while.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>Creates the actor.</summary>
    /// <param name="heard">Called with every message of the supervisor.</param>
    /// <param name="told">Called with every message of the worker.</param>
    /// <param name="runFolder">The run folder, as this process sees it.</param>
    public SupervisorLinkActor(Action<IWireMessage> heard, Action<IWireMessage> told, string runFolder)
        : this(heard, told, runFolder, Patience) { }

    internal SupervisorLinkActor(Action<IWireMessage> heard, Action<IWireMessage> told, string runFolder, TimeSpan patience)
    {
        (_told, _runFolder, _patience) = (told, runFolder, patience);
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
            if (from.Message is PleaseRegister please && IsForeign(please)) return;
            heard(from.Message);
            if (from.Message is not RunDescribed) _worker.Tell(from.Message);
        });
        Receive<LeaveNotice>(notice => _worker.Tell(notice));
        Receive<IWireMessage>(message =>
        {
            _ended |= message is WorkerEnded;
            told(message);
            // Its status makes a supervisor ask for registration, and so tell again whose it is.
            if (_foreign is null || message is WorkerReported) _relay.Tell(new ToSupervisor(message));
        });
    }

    /// <summary>
    /// Whether the supervisor has another run folder: a seed that was started again without the run's <c>--run</c>, say. Who registered with it
    /// would have its steps taken for another run's.
    /// </summary>
    private bool IsForeign(PleaseRegister please)
    {
        if (please.Mark is not { } mark || mark.IsIn(_runFolder))
        {
            _foreign = null;
            return false;
        }
        if (_foreign?.Mark != mark) _foreign = (mark, Stopwatch.GetTimestamp(), false);
        if (_foreign is { Told: false } foreign && Stopwatch.GetElapsedTime(foreign.Since) >= _patience)
        {
            _foreign = foreign with { Told = true };
            _told(new RunNote($"warning: the seed that answers has its run in {please.RunFolder}, which is not the run folder of this worker, {_runFolder}: this worker "
                + $"does not follow it and trains on as long as no member is lost. To go on, stop that seed and start it with --run {_runFolder}."));
            _relay.Tell(new ToSupervisor(new RunNote($"warning: {_name} trains the run in {_runFolder}, which is not this seed's run folder, and does not follow it. "
                + $"To go on with that run, stop this seed and start it with --run {_runFolder}.")));
        }
        return true;
    }
}
