using System.Globalization;
using System.Net;
using Akka.Actor;

namespace Looped.Actors.Clustering;

/// <summary>Where a node listens or is reached.</summary>
/// <param name="Host">A name or an IP address, an IPv6 one without brackets.</param>
/// <param name="Port">A port; 0 for a free one.</param>
public readonly record struct NodeAddress(string Host, int Port)
{
    /// <summary>Whether only this machine can reach it.</summary>
    public bool IsLoopback =>
        Host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(Host, out IPAddress? address) && IPAddress.IsLoopback(address));

    /// <summary>Whether it means all interfaces, and so is no address to be reached at.</summary>
    public bool IsWildcard => IPAddress.TryParse(Host, out IPAddress? address) && (address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any));

    /// <summary>The address of an actor system on another node.</summary>
    /// <exception cref="ArgumentException">It is local and has neither host nor port.</exception>
    public static NodeAddress Of(Address address)
    {
        ArgumentNullException.ThrowIfNull(address);
        return address is { Host: { } host, Port: { } port } ? new(host.Trim('[', ']'), port) : throw new ArgumentException($"{address} is local.", nameof(address));
    }

    /// <summary>As Akka names it, which keeps an IPv6 address in brackets.</summary>
    /// <param name="like">An address with the protocol and the actor system's name.</param>
    internal Address ToAkka(Address like) => new(like.Protocol, like.System, Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host, Port);

    /// <summary><c>host:port</c>, an IPv6 address in brackets.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}");
}

/// <summary>Ports to choose from, both ends included.</summary>
/// <param name="First">The lowest, at least 1.</param>
/// <param name="Last">The highest.</param>
public readonly record struct PortRange(int First, int Last)
{
    /// <summary>All of them, ascending.</summary>
    public IEnumerable<int> Ports => Enumerable.Range(First, Last - First + 1);

    /// <summary><c>first-last</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{First}-{Last}");
}
