using System.Runtime.Serialization;
using Akka.Actor;
using Akka.Configuration;
using Akka.Serialization;

namespace Looped.Actors.Clustering;

/// <summary>
/// Stands where Akka's JSON serializer for arbitrary objects stood: nothing without a manifest of ours leaves a node, and no type name
/// from the wire is ever loaded by one.
/// </summary>
/// <param name="system">The node's actor system.</param>
/// <param name="settings">Those of the serializer it replaces; Akka passes them.</param>
#pragma warning disable CS9113 // Akka looks for this constructor.
public sealed class RefusingSerializer(ExtendedActorSystem system, Config settings) : Serializer(system)
#pragma warning restore CS9113
{
    /// <summary>That of the serializer it replaces, so that a foreign peer's objects arrive here.</summary>
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
