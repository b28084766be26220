using System.Net;
using System.Net.Sockets;

namespace Looped.Host.Tests.Telemetry;

/// <summary>Ports of this machine.</summary>
internal static class Ports
{
    /// <summary>The first of so many neighbours that are free, below those that the system hands out itself.</summary>
    public static int Free(int count)
    {
        for (int first = Random.Shared.Next(15_000, 28_000); ; first += count)
            if (Enumerable.Range(first, count).All(IsFree)) return first;
    }

    private static bool IsFree(int port)
    {
        try
        {
            using var probe = new TcpListener(IPAddress.Loopback, port);
            probe.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
