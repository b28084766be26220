using System.Globalization;
using System.Net;
using Looped.Actors.Collectives;
using Looped.Actors.Collectives.Ring;
using Looped.Actors.Supervision;

namespace Looped.Actors.Training;

/// <summary>Connects ranks by rings over TCP.</summary>
/// <param name="listener">This process's listener; owned by the caller.</param>
/// <param name="host">Where others reach this machine.</param>
/// <param name="workerTimeout">A neighbour that gives no sign of life for so long is lost.</param>
/// <param name="shareMemory">Whether workers of one host may reduce through memory that they share.</param>
public sealed class RingNetwork(RingListener listener, string host, TimeSpan workerTimeout, bool shareMemory = true) : IGenerationNetwork
{
    /// <inheritdoc/>
    public string Endpoint { get; } = string.Create(CultureInfo.InvariantCulture,
        $"{(host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host)}:{listener.EndPoint.Port}");

    /// <inheritdoc/>
    public ICollective Join(GenerationPlan plan, int rank, TimeSpan deadline, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.Generation.WorldSize == 1) return new SoloCollective();
        var ring = new RingPlan(plan.Id.Term, plan.Id.Number, rank, plan.Generation.Members, [.. plan.Endpoints.Select(Parse)]) { ShareMemory = shareMemory };
        return listener.Join(ring, deadline, workerTimeout, cancellation);
    }

    /// <summary>Tries the listeners of workers that are in the run already.</summary>
    /// <exception cref="Models.LoopedException">One cannot be reached.</exception>
    public void Probe(IEnumerable<string> endpoints, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        foreach (string endpoint in endpoints) listener.Probe(Parse(endpoint), timeout);
    }

    private static DnsEndPoint Parse(string endpoint)
    {
        int colon = endpoint.LastIndexOf(':');
        return new DnsEndPoint(endpoint[..colon].Trim('[', ']'), int.Parse(endpoint[(colon + 1)..], CultureInfo.InvariantCulture));
    }
}
