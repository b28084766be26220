using System.Net.Sockets;
using Akka.Actor;
using Akka.Event;
using Akka.Remote;

namespace Looped.Actors.Clustering;

/// <summary>Listens to what the transport says about connections.</summary>
internal sealed class ConnectionWatcher : ReceiveActor
{
    /// <param name="disconnected">Hears of broken connections.</param>
    /// <param name="quarantined">Hears that a peer will not speak to this actor system again.</param>
    /// <param name="rejected">Hears of a connection that did not prove the secret.</param>
    public ConnectionWatcher(Action<NodeAddress> disconnected, Action<Address> quarantined, Action rejected)
    {
        Receive<DisassociatedEvent>(e =>
        {
            if (e.RemoteAddress is { HasGlobalScope: true } remote) disconnected(NodeAddress.Of(remote));
        });
        Receive<ThisActorSystemQuarantinedEvent>(e => quarantined(e.RemoteAddress));
        // The transport has no event for it, only this line in its log.
        Receive<Error>(line => line.LogSource.StartsWith("TcpServerHandler", StringComparison.Ordinal)
            && line.Message.ToString()?.StartsWith("TLS handshake failed", StringComparison.Ordinal) == true && !HungUp(line.Cause), _ => rejected());
        Receive<Error>(_ => { });
    }

    protected override void PreStart()
    {
        Context.System.EventStream.Subscribe(Self, typeof(DisassociatedEvent));
        Context.System.EventStream.Subscribe(Self, typeof(ThisActorSystemQuarantinedEvent));
        Context.System.EventStream.Subscribe(Self, typeof(Error));
    }

    /// <summary>A node of ours that dies, or runs out of time, in the middle of its handshake is nobody to warn people of.</summary>
    private static bool HungUp(Exception? cause) => cause?.GetBaseException() is IOException or SocketException or TimeoutException;

    protected override void PostStop() => Context.System.EventStream.Unsubscribe(Self);
}
