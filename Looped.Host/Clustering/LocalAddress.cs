using System.Net;
using System.Net.Sockets;
using Looped.Actors.Clustering;
using Looped.Models;

namespace Looped.Host.Clustering;

/// <summary>Which of this machine's addresses others would see.</summary>
internal static class LocalAddress
{
    /// <summary>The address of the interface that leads to another node. Nothing is sent.</summary>
    /// <exception cref="NoClusterException">No interface does, or the name is not known.</exception>
    public static string Towards(NodeAddress other)
    {
        try
        {
            IPAddress target = IPAddress.TryParse(other.Host, out IPAddress? given) ? given : Dns.GetHostAddresses(other.Host)[0];
            using var socket = new Socket(target.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(target, other.Port);
            return ((IPEndPoint)socket.LocalEndPoint!).Address.ToString();
        }
        catch (SocketException e)
        {
            throw new NoClusterException($"The seed {other} cannot be reached from this machine ({e.Message}): check its name and the network, or say where to listen with --listen HOST.", e);
        }
    }
}
