using System.Net.Sockets;
using Akka.Actor;
using Akka.Cluster;
using Akka.Cluster.Tools.Singleton;
using Looped.Models;

namespace Looped.Actors.Clustering;

/// <summary>
/// A node of the cluster: an actor system that listens, joins, and can be thrown away. A worker trains outside of it; when the node is
/// <see cref="Lost"/>, another is started in the same process.
/// </summary>
public sealed class ClusterNode
{
    private readonly TaskCompletionSource _joined = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _lost = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private long _rejected;

    private ClusterNode(ActorSystem system, ClusterNodeOptions options)
    {
        System = system;
        Options = options;
        Cluster cluster = Cluster.Get(system);
        SelfAddress = cluster.SelfAddress;
        cluster.RegisterOnMemberUp(() => _joined.TrySetResult());
        cluster.RegisterOnMemberRemoved(() => _lost.TrySetResult("the cluster has removed this node"));
        _ = Terminated.ContinueWith(_ => _lost.TrySetResult("this node has ended"), TaskScheduler.Default);
        system.ActorOf(Props.Create(() => new ConnectionWatcher(options.PeerDisconnected, OnQuarantined, () => Interlocked.Increment(ref _rejected))), "connections");
    }

    /// <summary>The actor system, for actors of this node.</summary>
    public ActorSystem System { get; }

    /// <summary>What the node was started with.</summary>
    public ClusterNodeOptions Options { get; }

    /// <summary>Where others reach it, its port being known now.</summary>
    public Address SelfAddress { get; }

    /// <summary>As <see cref="SelfAddress"/>, for options and people.</summary>
    public NodeAddress Address => NodeAddress.Of(SelfAddress);

    /// <summary>Completes when the cluster counts this node as a full member. Training need not wait for it.</summary>
    public Task Joined => _joined.Task;

    /// <summary>Completes, with the reason for the log, when the node will never reach the cluster again and another must be started.</summary>
    public Task<string> Lost => _lost.Task;

    /// <summary>Connections that were dropped because they did not prove the secret.</summary>
    public long Rejected => Interlocked.Read(ref _rejected);

    /// <summary>Completes when the actor system has ended.</summary>
    public Task Terminated => System.WhenTerminated;

    /// <summary>Starts a node: it listens before this returns, and joins afterwards.</summary>
    /// <param name="options">What it is made of.</param>
    /// <exception cref="LoopedException">It cannot listen there.</exception>
    /// <exception cref="UsageException">The secret is too short, or a worker was told of no seed.</exception>
    public static ClusterNode Start(ClusterNodeOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Role != ClusterRoles.Seed && options.Seeds.Count == 0)
            throw new UsageException($"A node with the role {options.Role} needs the address of a seed: add --seed HOST:PORT.");
        if (options.Seeds.Count > 0 && options.Seeds.All(s => s == (options.Advertise ?? options.Listen)))
            throw new UsageException($"The node at {options.Seeds[0]} was told to join itself: name another seed with --seed, or leave it out to form a cluster.");
        ActorSystem system = Listen(options);
        try
        {
            var node = new ClusterNode(system, options);
            options.Start(node);
            node.Join();
            return node;
        }
        catch
        {
            system.Terminate();
            throw;
        }
    }

    /// <summary>Starts the supervisor's place: one actor in the whole cluster, on the oldest seed. Every seed must call it.</summary>
    /// <param name="supervisor">Makes the actor where it is this node's turn.</param>
    /// <param name="name">The same on all nodes.</param>
    public IActorRef StartSupervisorSingleton(Props supervisor, string name) => System.ActorOf(
        ClusterSingletonManager.Props(supervisor, PoisonPill.Instance, ClusterSingletonManagerSettings.Create(System).WithRole(ClusterRoles.Seed)), name);

    /// <summary>An actor that passes messages on to the supervisor, wherever it is, and keeps a few while there is none.</summary>
    /// <param name="name">That of <see cref="StartSupervisorSingleton"/>.</param>
    public IActorRef SupervisorProxy(string name) => System.ActorOf(
        ClusterSingletonProxy.Props($"/user/{name}", ClusterSingletonProxySettings.Create(System).WithRole(ClusterRoles.Seed).WithBufferSize(64)), $"{name}-proxy");

    /// <summary>Leaves the cluster, so that nobody has to miss this node, and ends; when that takes too long, it ends anyway.</summary>
    /// <param name="bound">How long leaving may take.</param>
    public async Task StopAsync(TimeSpan bound)
    {
        Task leaving = CoordinatedShutdown.Get(System).Run(CoordinatedShutdown.ClusterLeavingReason.Instance);
        await Task.WhenAny(leaving, Terminated, Task.Delay(bound)).ConfigureAwait(false);
        Kill();
        // Sockets close early in termination; what is left after the bound holds nothing that another node needs.
        await Task.WhenAny(Terminated, Task.Delay(bound)).ConfigureAwait(false);
    }

    /// <summary>Ends without a word to the others, who have to miss it. Does not wait; see <see cref="Terminated"/>.</summary>
    public void Kill() => _ = System.Terminate();

    private static ActorSystem Listen(ClusterNodeOptions options)
    {
        // Never disposed: an actor system that is ending still shakes hands.
        ClusterCertificate certificate = ClusterCertificate.FromSecret(options.Secret.Span);
        int[] ports = options.Ports is { } range ? [.. range.Ports] : [options.Listen.Port];
        foreach (int port in ports)
        {
            try
            {
                return ActorSystem.Create(ClusterConfiguration.SystemName, ClusterConfiguration.Setup(options, port, certificate));
            }
            catch (Exception e) when (SocketError(e) is { } cause)
            {
                if (cause.SocketErrorCode == global::System.Net.Sockets.SocketError.AddressAlreadyInUse && port != ports[^1]) continue;
                string where = options.Ports is { } tried ? $"{options.Listen.Host}, ports {tried}" : $"{options.Listen}";
                throw new LoopedException($"This node cannot listen on {where}: {cause.Message}. Choose another address with --listen HOST:PORT, or end the program that has it.", e);
            }
        }
        throw new LoopedException($"The port range {options.Ports} is empty.");
    }

    private static SocketException? SocketError(Exception? error) => error switch
    {
        null => null,
        SocketException found => found,
        AggregateException many => many.InnerExceptions.Select(SocketError).FirstOrDefault(e => e is not null),
        _ => SocketError(error.InnerException),
    };

    private void Join()
    {
        // Akka lets only a node that is the first of its own list form a cluster, and only when none of the others answers in time.
        IEnumerable<Address> seeds = Options.Seeds.Count > 0 ? Options.Seeds.Select(ToAddress) : [SelfAddress, .. Options.FormerSeeds.Select(ToAddress)];
        Cluster.Get(System).JoinSeedNodes(seeds.Where(a => Options.Seeds.Count == 0 || a != SelfAddress).Distinct());
    }

    private Address ToAddress(NodeAddress address) => address.ToAkka(SelfAddress);

    private void OnQuarantined(Address by)
    {
        _lost.TrySetResult($"{NodeAddress.Of(by)} takes this node for dead");
        // A supervisor here would go on beside the one that has replaced it, until the term stops it.
        if (Options.Role == ClusterRoles.Seed) Kill();
    }
}
