namespace Looped.Actors;

/// <summary>What every actor system of ours has in common, alone in a process or in a cluster.</summary>
public static class ActorSystemSettings
{
    /// <summary>Dispatchers, serializer, supervision and shutdown.</summary>
    public const string Configuration = Dispatchers.Configuration + "\n" + """
        # An actor that throws has lost its state: it stops, and the run ends with its error instead of going on without it.
        akka.actor.guardian-supervisor-strategy = "Akka.Actor.StoppingSupervisorStrategy, Akka"
        akka.actor.serializers.looped = "Looped.Actors.WireSerializer, Looped.Actors"
        akka.actor.serialization-bindings."Looped.Actors.IWireMessage, Looped.Actors" = looped
        # Signals are notices to the run; the actor system must not shut itself down on one before the checkpoint is written.
        akka.coordinated-shutdown { run-by-clr-shutdown-hook = off, exit-clr = off }
        """;
}
