using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Looped.Actors.Clustering;

/// <summary>What a cluster node is made of. Composed by the host.</summary>
public sealed record ClusterNodeOptions
{
    /// <summary>One of <see cref="ClusterRoles"/>.</summary>
    public required string Role { get; init; }

    /// <summary>Where it listens, on exactly this address; port 0 takes a free one.</summary>
    public required NodeAddress Listen { get; init; }

    /// <summary>Ports to try instead of that of <see cref="Listen"/>; the first that is free is taken.</summary>
    public PortRange? Ports { get; init; }

    /// <summary>Where others reach it, if not where it listens; port 0 means the port that it listens on.</summary>
    public NodeAddress? Advertise { get; init; }

    /// <summary>
    /// Seeds of the cluster to join. It is tried until one answers, for ever: a node that has been told of seeds never forms a cluster.
    /// Only a seed may have none; it forms the cluster.
    /// </summary>
    public IReadOnlyList<NodeAddress> Seeds { get; init; } = [];

    /// <summary>
    /// For a seed without <see cref="Seeds"/>: those known from earlier, such as from before its restart. They are asked for
    /// <see cref="ClusterTimings.FormationPatience"/> before it forms a cluster, lest there be two.
    /// </summary>
    public IReadOnlyList<NodeAddress> FormerSeeds { get; init; } = [];

    /// <summary>Every timing.</summary>
    public ClusterTimings Timings { get; init; } = ClusterTimings.Default;

    /// <summary>The cluster's secret; a peer without it is refused.</summary>
    public required ReadOnlyMemory<byte> Secret { get; init; }

    /// <summary>Where Akka's log goes.</summary>
    public ILoggerFactory Loggers { get; init; } = NullLoggerFactory.Instance;

    /// <summary>Starts actors, before the node joins.</summary>
    public Action<ClusterNode> Start { get; init; } = _ => { };

    /// <summary>
    /// Hears of a peer whose connection broke, some 20 ms after its process died. A hint only: a connection may break for less, and none
    /// breaks on a cut network. Called from an actor's thread; it must not block.
    /// </summary>
    public Action<NodeAddress> PeerDisconnected { get; init; } = _ => { };
}
