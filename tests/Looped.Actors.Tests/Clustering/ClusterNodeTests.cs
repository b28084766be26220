using System.Net.Sockets;
using Akka.Actor;
using Looped.Actors.Clustering;
using Looped.Actors.Supervision;
using Looped.Models;

namespace Looped.Actors.Tests.Clustering;

public sealed class ClusterNodeTests : IAsyncLifetime
{
    private readonly ToyCluster _cluster = new();

    public ValueTask InitializeAsync() => new(ToyCluster.Warm);

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_worker_outlives_the_loss_of_either_seed_and_reaches_the_supervisor_at_the_other(int killed)
    {
        ClusterNode first = _cluster.Seed();
        ClusterNode second = _cluster.Seed(first);
        ClusterNode worker = _cluster.Worker(first, second);
        await Task.WhenAll(second.Joined, worker.Joined).WaitAsync(ToyCluster.Bound, TestContext.Current.CancellationToken);
        IActorRef supervisor = worker.SupervisorProxy("supervisor");
        Assert.Equal(first.Address, await ToyCluster.Ask(worker, supervisor, _ => true));

        ClusterNode[] seeds = [first, second];
        await ToyCluster.Kill(seeds[killed]);
        ClusterNode survivor = seeds[1 - killed];
        Assert.Equal(survivor.Address, await ToyCluster.Ask(worker, supervisor, where => where == survivor.Address));
        await Eventually(() => Members(survivor) == 2, "the lost seed is removed");
        Assert.Equal(survivor.Address, await ToyCluster.Ask(worker, supervisor, where => where == survivor.Address));
        Assert.False(worker.Lost.IsCompleted || worker.Terminated.IsCompleted);
        Assert.Contains(seeds[killed].Address, _cluster.Disconnected);
    }

    [Fact]
    public async Task A_new_node_in_the_same_process_reaches_a_seed_that_was_restarted_on_its_port()
    {
        ClusterNode seed = _cluster.Seed();
        ClusterNode worker = _cluster.Worker(seed);
        await ToyCluster.Ask(worker, worker.SupervisorProxy("supervisor"), _ => true);

        await ToyCluster.Kill(seed);
        ClusterNode restarted = _cluster.Start(_cluster.Options(ClusterRoles.Seed) with { Listen = seed.Address });
        Assert.Equal(seed.Address, restarted.Address);
        Assert.False(worker.Terminated.IsCompleted);
        worker.Kill();
        ClusterNode rebuilt = _cluster.Worker(restarted);
        Assert.Equal(restarted.Address, await ToyCluster.Ask(rebuilt, rebuilt.SupervisorProxy("supervisor"), _ => true));
    }

    [Fact]
    public async Task A_lost_worker_is_removed_and_one_that_leaves_is_not_missed()
    {
        ClusterNode seed = _cluster.Seed();
        ClusterNode killed = _cluster.Worker(seed), leaving = _cluster.Start(_cluster.Options(ClusterRoles.Evaluator, seed));
        await Task.WhenAll(killed.Joined, leaving.Joined).WaitAsync(ToyCluster.Bound, TestContext.Current.CancellationToken);

        await leaving.StopAsync(ToyCluster.Bound);
        Assert.True(leaving.Terminated.IsCompleted && leaving.Lost.IsCompleted);
        await ToyCluster.Kill(killed);
        await Eventually(() => Members(seed) == 1, "both are removed");
    }

    [Fact]
    public async Task A_worker_that_the_cluster_gave_up_says_so_and_its_actor_system_lives_on()
    {
        ClusterNode seed = _cluster.Seed();
        ClusterNode worker = _cluster.Worker(seed);
        await worker.Joined.WaitAsync(ToyCluster.Bound, TestContext.Current.CancellationToken);
        Akka.Cluster.Cluster.Get(seed.System).Down(worker.SelfAddress);
        Assert.NotEmpty(await worker.Lost.WaitAsync(ToyCluster.Bound, TestContext.Current.CancellationToken));
        Assert.False(worker.Terminated.IsCompleted);
        ClusterNode rebuilt = _cluster.Worker(seed);
        await rebuilt.Joined.WaitAsync(ToyCluster.Bound, TestContext.Current.CancellationToken);
        Assert.False(worker.Terminated.IsCompleted);
    }

    [Fact]
    public async Task A_taken_port_is_an_error_for_people_and_a_range_takes_the_next()
    {
        ClusterNode seed = _cluster.Seed();
        ClusterNodeOptions same = _cluster.Options(ClusterRoles.Worker, seed) with { Listen = seed.Address };
        LoopedException error = Assert.Throws<UsageException>(() => ClusterNode.Start(same));
        Assert.Contains("join itself", error.Message, StringComparison.Ordinal);
        error = Assert.Throws<LoopedException>(() => ClusterNode.Start(same with { Seeds = [new("127.0.0.1", 1)] }));
        Assert.StartsWith($"This node cannot listen on {seed.Address}: ", error.Message, StringComparison.Ordinal);

        ClusterNode next = _cluster.Start(_cluster.Options(ClusterRoles.Worker, seed) with { Ports = new(seed.Address.Port, seed.Address.Port + 20) });
        Assert.InRange(next.Address.Port, seed.Address.Port + 1, seed.Address.Port + 20);
        await next.Joined.WaitAsync(ToyCluster.Bound, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_message_of_a_megabyte_travels_like_a_small_one()
    {
        ClusterNode seed = _cluster.Seed();
        ClusterNode worker = _cluster.Worker(seed);
        IActorRef supervisor = worker.SupervisorProxy("supervisor");
        await ToyCluster.Ask(worker, supervisor, _ => true);
        var large = new RunNote(new string('x', 1 << 20));
        Assert.Equal(large, await supervisor.Ask<RunNote>(large, ToyCluster.Bound, TestContext.Current.CancellationToken));
    }

    [Fact]
    public void A_worker_needs_to_be_told_of_a_seed() =>
        Assert.Contains("--seed", Assert.Throws<UsageException>(() => ClusterNode.Start(_cluster.Options(ClusterRoles.Worker))).Message, StringComparison.Ordinal);

    [Fact]
    public async Task Nodes_may_listen_on_IPv6_addresses()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "This machine has no IPv6.");
        ClusterNode seed = _cluster.Start(_cluster.Options(ClusterRoles.Seed) with { Listen = new("::1", 0) });
        ClusterNode worker = _cluster.Start(_cluster.Options(ClusterRoles.Worker, seed) with { Listen = new("::1", 0) });
        Assert.Equal($"[::1]:{seed.Address.Port}", seed.Address.ToString());
        Assert.Equal(seed.Address, await ToyCluster.Ask(worker, worker.SupervisorProxy("supervisor"), _ => true));
    }

    [Fact]
    public async Task A_node_is_reached_where_it_advertises_and_listens_on_no_other_interface()
    {
        ClusterNode seed = _cluster.Start(_cluster.Options(ClusterRoles.Seed) with { Advertise = new("localhost", 0) });
        Assert.Equal("localhost", seed.Address.Host);
        ClusterNode worker = _cluster.Worker(seed);
        Assert.Equal(seed.Address, await ToyCluster.Ask(worker, worker.SupervisorProxy("supervisor"), _ => true));
        using var elsewhere = new TcpClient();
        await Assert.ThrowsAsync<SocketException>(() => elsewhere.ConnectAsync("127.0.0.2", seed.Address.Port, TestContext.Current.CancellationToken).AsTask());
    }

    private static int Members(ClusterNode node) => Akka.Cluster.Cluster.Get(node.System).State.Members.Count;

    private static async Task Eventually(Func<bool> condition, string what)
    {
        using var bound = new CancellationTokenSource(ToyCluster.Bound);
        while (!condition())
        {
            Assert.False(bound.IsCancellationRequested, $"It must happen that {what}.");
            await Task.Delay(20, TestContext.Current.CancellationToken);
        }
    }
}
