using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;
using Looped.Actors.Clustering;
using Looped.Models;

namespace Looped.Host.Clustering;

/// <summary>Addresses and ports as they are typed on a command line.</summary>
internal static partial class ListenAddress
{
    /// <summary>Reads <c>HOST:PORT</c>; an IPv6 address stands in brackets.</summary>
    /// <param name="option">The option, for the sentence about a mistake.</param>
    /// <param name="text">What was typed.</param>
    /// <param name="anyPort">Whether port 0 (a free one) makes sense, as it does where a node listens.</param>
    /// <exception cref="UsageException">It is no address.</exception>
    public static NodeAddress Parse(string option, string text, bool anyPort = false)
    {
        (string host, string? port) = Split(option, text, "HOST:PORT");
        return port is null
            ? throw new UsageException($"{option} {text} lacks a port: write HOST:PORT, such as {new NodeAddress(host, 4053)}.")
            : new(host, Port(option, text, port, anyPort));
    }

    /// <summary>
    /// Where others reach this node: <c>--advertise HOST[:PORT]</c>, or where it listens. A node that listens on all interfaces has to say
    /// which of its addresses others shall use.
    /// </summary>
    /// <param name="listen">Where it listens.</param>
    /// <param name="advertise">The argument of <c>--advertise</c>, if given; without a port, it is that of <paramref name="listen"/>.</param>
    /// <returns>Null where it is simply the address on which it listens.</returns>
    /// <exception cref="UsageException">It is no address to be reached at.</exception>
    public static NodeAddress? Advertised(NodeAddress listen, string? advertise)
    {
        if (advertise is null)
        {
            return listen.IsWildcard
                ? throw new UsageException($"--listen {listen} means every interface, but other nodes need one address to reach this one: add --advertise HOST.")
                : null;
        }
        (string host, string? port) = Split("--advertise", advertise, "HOST or HOST:PORT");
        var address = new NodeAddress(host, port is null ? listen.Port : Port("--advertise", advertise, port, anyPort: false));
        return address.IsWildcard ? throw new UsageException($"--advertise {advertise} is no address that other nodes can reach: name the one they shall use.") : address;
    }

    /// <summary>Reads <c>--port-range A-B</c>.</summary>
    /// <exception cref="UsageException">It is no range of ports.</exception>
    public static PortRange ParseRange(string text)
    {
        const string option = "--port-range";
        string[] ends = text.Split('-');
        if (ends.Length != 2) throw new UsageException($"{option} {text} is no range of ports: write FIRST-LAST, such as 4053-4099.");
        var range = new PortRange(Port(option, text, ends[0], anyPort: false), Port(option, text, ends[1], anyPort: false));
        return range.First <= range.Last ? range : throw new UsageException($"{option} {text} is empty: the first port must not be above the last.");
    }

    private static (string Host, string? Port) Split(string option, string text, string form)
    {
        if (text.Contains(':', StringComparison.Ordinal) && !text.StartsWith('[') && IPAddress.TryParse(text, out _))
            throw new UsageException($"{option} {text}: an IPv6 address stands in brackets, such as [{text}]:4053.");
        Match match = Pattern().Match(text);
        bool valid = match.Groups["six"] is { Success: true } six ? IPAddress.TryParse(six.Value, out _)
            : Uri.CheckHostName(match.Groups["host"].Value) is UriHostNameType.Dns or UriHostNameType.IPv4;
        if (!valid) throw new UsageException($"{option} {text} is no address: write {form}, an IPv6 address in brackets.");
        string host = match.Groups["six"].Value + match.Groups["host"].Value;
        // Nodes know each other by the very text of an address: two names of this machine would be two nodes.
        if (host.Equals("localhost", StringComparison.OrdinalIgnoreCase)) host = IPAddress.Loopback.ToString();
        return (host, match.Groups["port"] is { Success: true } port ? port.Value : null);
    }

    private static int Port(string option, string text, string port, bool anyPort)
    {
        int least = anyPort ? 0 : 1;
        return int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= IPEndPoint.MaxPort
            ? number
            : throw new UsageException($"{option} {text}: '{port}' is no port; a port is a whole number from {least} to {IPEndPoint.MaxPort}.");
    }

    [GeneratedRegex(@"^(\[(?<six>[^\]]*)\]|(?<host>[^:\[\]]*))(:(?<port>.*))?$", RegexOptions.ExplicitCapture)]
    private static partial Regex Pattern();
}
