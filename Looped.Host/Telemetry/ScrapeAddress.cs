using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Looped.Actors.Clustering;

namespace Looped.Host.Telemetry;

/// <summary>Where Prometheus finds a process.</summary>
/// <param name="Listen">The host to listen on.</param>
/// <param name="Port">The port; 0 serves nothing.</param>
/// <param name="Advertise">Another name of it that others use, or null.</param>
internal sealed record ScrapeAddress(string Listen, int Port, string? Advertise = null)
{
    /// <summary>What a scraper is told.</summary>
    public string Target => Join(Advertise ?? Listen, Port);

    /// <summary>The address of a worker.</summary>
    /// <param name="listen">The host it listens on.</param>
    /// <param name="advertise">Another name of it that others use, or null.</param>
    /// <param name="port">`telemetry.prometheus_port`.</param>
    /// <param name="slot">Its slot.</param>
    public static ScrapeAddress OfWorker(string listen, string? advertise, int port, int slot) => new(listen, PortOf(port, slot), advertise);

    /// <summary>The port of a worker; 0 if there is none.</summary>
    public static int PortOf(int port, int slot) => port == 0 ? 0 : port + 1 + slot;

    /// <summary>HOST:PORT, an IPv6 address in brackets.</summary>
    public static string Join(string host, int port) => string.Create(CultureInfo.InvariantCulture, $"{Bracketed(host)}:{port}");

    /// <summary>
    /// The prefixes of the HTTP listener. It answers only to the names it is given: on loopback both the address and <c>localhost</c>, else
    /// the advertised name too, if it is one of this address.
    /// </summary>
    public IReadOnlyList<string> Hosts()
    {
        if (new NodeAddress(Listen, Port).IsWildcard) return ["+"];
        List<string> hosts = [Bracketed(Listen)];
        if (IPAddress.TryParse(Listen, out IPAddress? address) && IPAddress.IsLoopback(address)) hosts.Add("localhost");
        if (Advertise is { } name && name != Listen && Resolves(name, Listen)) hosts.Add(Bracketed(name));
        return hosts;
    }

    /// <summary>Why the port cannot be listened on; null if it can.</summary>
    public string? Problem()
    {
        if (Port > IPEndPoint.MaxPort) return $"port {Port} is above {IPEndPoint.MaxPort}";
        try
        {
            IPAddress address = IPAddress.TryParse(Listen, out IPAddress? literal) ? literal : Dns.GetHostAddresses(Listen)[0];
            using var probe = new TcpListener(address, Port);
            probe.Start();
            return null;
        }
        catch (SocketException e)
        {
            return e.SocketErrorCode == SocketError.AddressAlreadyInUse ? $"{Target} is in use by another program" : $"{Target}: {e.Message}";
        }
    }

    private static string Bracketed(string host) => host.Contains(':', StringComparison.Ordinal) ? $"[{host.Trim('[', ']')}]" : host;

    private static bool Resolves(string name, string listen)
    {
        try
        {
            return Dns.GetHostAddresses(name).Any(a => a.ToString() == listen);
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
