using System.Collections.Concurrent;
using System.Security.Cryptography;
using Akka.Actor;
using Looped.Actors.Clustering;
using Looped.Actors.Supervision;

namespace Looped.Actors.Tests.Clustering;

/// <summary>Nodes in one process, with a supervisor that says where it is.</summary>
/// <param name="workerTimeout">Two seconds unless given: short, for tests of what happens when it passes.</param>
internal sealed class ToyCluster(TimeSpan? workerTimeout = null) : IAsyncDisposable
{
    public static readonly TimeSpan Bound = TimeSpan.FromSeconds(10);

    private static readonly Lazy<Task> FirstMeeting = new(static async () =>
    {
        await using var cluster = new ToyCluster(TimeSpan.FromSeconds(25));
        ClusterNode worker = cluster.Worker(cluster.Seed());
        await worker.Joined.WaitAsync(6 * Bound);
    });

    private readonly ClusterLog _log = new();
    private readonly List<ClusterNode> _nodes = [];
    private readonly byte[] _secret = RandomNumberGenerator.GetBytes(32);

    /// <summary>
    /// Two nodes of this process have met. Its first TLS handshake has half a library compiled; on a crowded machine that lasts longer
    /// than a node with short timeouts waits for one before it gives itself up.
    /// </summary>
    public static Task Warm => FirstMeeting.Value;

    /// <summary>A node that disconnected, as seen by any.</summary>
    public ConcurrentQueue<NodeAddress> Disconnected { get; } = [];

    public ClusterNodeOptions Options(string role, params ClusterNode[] seeds) => new()
    {
        Role = role,
        Listen = new("127.0.0.1", 0),
        Seeds = [.. seeds.Select(s => s.Address)],
        Timings = new(workerTimeout ?? TimeSpan.FromSeconds(2)),
        Secret = _secret,
        PeerDisconnected = Disconnected.Enqueue,
        Start = node =>
        {
            if (role == ClusterRoles.Seed) node.StartSupervisorSingleton(Props.Create(() => new WhereAmI()), "supervisor");
        },
    };

    public ClusterNode Start(ClusterNodeOptions options)
    {
        var node = ClusterNode.Start(options with { Loggers = _log.Of($"{options.Role} {_nodes.Count}") });
        _nodes.Add(node);
        return node;
    }

    public ClusterNode Seed(params ClusterNode[] seeds) => Start(Options(ClusterRoles.Seed, seeds));

    public ClusterNode Worker(params ClusterNode[] seeds) => Start(Options(ClusterRoles.Worker, seeds));

    /// <summary>Waits until a node has logged something with this text in it.</summary>
    public async Task Says(string text)
    {
        using var bound = new CancellationTokenSource(Bound);
        while (!_log.Has(text)) await Task.Delay(20, bound.Token);
    }

    /// <summary>Kills a node and waits until its port is free.</summary>
    public static async Task Kill(ClusterNode node)
    {
        node.Kill();
        await node.Terminated.WaitAsync(Bound, TestContext.Current.CancellationToken);
    }

    /// <summary>Asks the supervisor where it is until the answer is acceptable.</summary>
    public static async Task<NodeAddress> Ask(ClusterNode from, IActorRef supervisor, Func<NodeAddress, bool> accept)
    {
        using var bound = new CancellationTokenSource(Bound);
        while (true)
        {
            bound.Token.ThrowIfCancellationRequested();
            try
            {
                string answer = await supervisor.Ask<string>("where are you?", TimeSpan.FromMilliseconds(250), bound.Token);
                NodeAddress where = NodeAddress.Of(Address.Parse(answer));
                if (accept(where)) return where;
            }
            catch (AskTimeoutException)
            {
                Assert.False(from.Terminated.IsCompleted);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        _log.ShowIfFailed();
        foreach (ClusterNode node in _nodes) node.Kill();
        await Task.WhenAll(_nodes.Select(n => n.Terminated)).WaitAsync(Bound);
    }

    private sealed class WhereAmI : ReceiveActor
    {
        public WhereAmI()
        {
            Receive<string>(_ => Sender.Tell(Akka.Cluster.Cluster.Get(Context.System).SelfAddress.ToString()));
            Receive<RunNote>(note => Sender.Tell(note));
        }
    }
}
