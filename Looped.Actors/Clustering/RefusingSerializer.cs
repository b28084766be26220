using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace Looped.Actors.Clustering;

/// <summary>
/// Stands where Akka's serializers of arbitrary objects and of actors to start stood: nothing without a manifest of ours leaves a node, and
/// no type name from the wire is ever loaded by one.
/// </summary>
public sealed class RefusingSerializer : Serializer
{
    /// <summary>For an actor system's use.</summary>
    /// <param name="system">The node's actor system.</param>
    public RefusingSerializer(ExtendedActorSystem system)
        : base(system)
    {
    }

    /// <summary>The same in place of a serializer that has settings, which Akka then passes.</summary>
    /// <param name="system">The node's actor system.</param>
    /// <param name="settings">Those of the serializer it replaces.</param>
    public RefusingSerializer(ExtendedActorSystem system, Config settings)
        : base(system) => ArgumentNullException.ThrowIfNull(settings);

    /// <summary>That of the JSON serializer it replaces, so that a foreign peer's objects arrive here; nothing of another number is read at all.</summary>
    public override int Identifier => 1;

    /// <inheritdoc/>
    public override bool IncludeManifest => false;

    /// <summary>Refuses.</summary>
    /// <exception cref="SerializationException">Always.</exception>
    public override byte[] ToBinary(object obj) =>
        throw new SerializationException($"{obj?.GetType()} cannot travel between nodes: make it an {nameof(IWireMessage)} with a manifest in {nameof(WireSerializer)}.");

    /// <summary>Refuses.</summary>
    /// <exception cref="SerializationException">Always.</exception>
    public override object FromBinary(byte[] bytes, Type type) => throw new SerializationException("A peer sent an object that is none of our messages; it is ignored.");
}
