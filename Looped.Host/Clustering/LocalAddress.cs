using System.Net;
using System.Net.Sockets;
using Looped.Actors.Clustering;
using Looped.Models;

namespace Looped.Host.Clustering;

/// <summary>Which of this machine's addresses others would see.</summary>
internal static class LocalAddress
{
    /// <summary>The address of the interface that leads to the first of some seeds to which one does: the others may be gone, names and all. Nothing is sent.</summary>
    /// <exception cref="NoClusterException">No interface leads to any, or no name is known.</exception>
    public static string Towards(IReadOnlyList<NodeAddress> seeds)
    {
        var failures = new List<(NodeAddress Seed, SocketException Cause)>();
        foreach (NodeAddress seed in seeds)
        {
            try
            {
                return Towards(seed);
            }
            catch (SocketException e)
            {
                failures.Add((seed, e));
            }
        }
        throw new NoClusterException($"The {(seeds.Count == 1 ? "seed" : "seeds")} {string.Join(", ", failures.Select(f => $"{f.Seed} ({f.Cause.Message})"))} cannot be reached from "
            + "this machine: check names and network, or say where to listen with --listen HOST.", failures.FirstOrDefault().Cause);
    }

    private static string Towards(NodeAddress other)
    {
        IPAddress target = IPAddress.TryParse(other.Host, out IPAddress? given) ? given : Dns.GetHostAddresses(other.Host)[0];
        using var socket = new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(target, other.Port);
        return ((IPEndPoint)socket.LocalEndPoint!).Address.ToString();
    }
}
