using Akka.Actor;
using Akka.Remote;

namespace Looped.Actors.Clustering;

/// <summary>Listens to what the transport says about connections.</summary>
internal sealed class ConnectionWatcher : ReceiveActor
{
    /// <param name="disconnected">Hears of broken connections.</param>
    /// <param name="quarantined">Hears that a peer will not speak to this actor system again.</param>
    public ConnectionWatcher(Action<NodeAddress> disconnected, Action<Address> quarantined)
    {
        Receive<DisassociatedEvent>(e =>
        {
            if (e.RemoteAddress is { HasGlobalScope: true } remote) disconnected(NodeAddress.Of(remote));
        });
        Receive<ThisActorSystemQuarantinedEvent>(e => quarantined(e.RemoteAddress));
    }

    protected override void PreStart()
    {
        Context.System.EventStream.Subscribe(Self, typeof(DisassociatedEvent));
        Context.System.EventStream.Subscribe(Self, typeof(ThisActorSystemQuarantinedEvent));
    }

    protected override void PostStop() => Context.System.EventStream.Unsubscribe(Self);
}
