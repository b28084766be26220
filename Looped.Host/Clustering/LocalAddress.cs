using System.Net;
using System.Net.Sockets;
using Looped.Actors.Clustering;
using Looped.Models;

namespace Looped.Host.Clustering;

/// <summary>Which of this machine's addresses others would see.</summary>
internal static class LocalAddress
{
    /// <summary>The address of the interface that leads to the first of some seeds to which one does: the others may be gone, names and all. Nothing is sent.</summary>
    /// <param name="seeds">The seeds.</param>
    /// <param name="otherwise">What else the user may do, to end a sentence with; null if nothing.</param>
    /// <exception cref="NoClusterException">No interface leads to any, or no name is known.</exception>
    public static string Towards(IReadOnlyList<NodeAddress> seeds, string? otherwise = null)
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
            + $"this machine: check names and network{(otherwise is null ? "" : $", or {otherwise}")}.", failures.FirstOrDefault().Cause);
    }

    /// <summary>Sees that a node can listen where it is told to.</summary>
    /// <param name="listen">The argument of <c>--listen</c>.</param>
    /// <exception cref="UsageException">Its name means nothing here.</exception>
    public static NodeAddress Known(NodeAddress listen)
    {
        try
        {
            if (IPAddress.TryParse(listen.Host, out _) || Dns.GetHostAddresses(listen.Host).Length > 0) return listen;
            throw new SocketException((int)SocketError.HostNotFound);
        }
        catch (SocketException e)
        {
            throw new UsageException($"--listen: {listen.Host} is no name that this machine knows ({e.Message}); give an address of this machine, or a name that stands for one.", e);
        }
    }

    private static string Towards(NodeAddress other)
    {
        IPAddress target = IPAddress.TryParse(other.Host, out IPAddress? given) ? given : Dns.GetHostAddresses(other.Host)[0];
        using var socket = new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
        socket.Connect(target, other.Port);
        return ((IPEndPoint)socket.LocalEndPoint!).Address.ToString();
    }
}
