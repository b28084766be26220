using Looped.Actors.Clustering;

namespace Looped.Actors.Tests.Clustering;

public sealed class ClusterFormationTests : IAsyncLifetime
{
    private readonly ToyCluster _cluster = new();

    public ValueTask InitializeAsync() => new(ToyCluster.Warm);

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_seed_that_was_told_of_seeds_waits_for_them_instead_of_forming_a_second_cluster()
    {
        ClusterNode first = _cluster.Seed();
        await first.Joined.WaitAsync(ToyCluster.Bound, TestContext.Current.CancellationToken);
        await ToyCluster.Kill(first);
        ClusterNode second = _cluster.Seed(first);
        await Task.WhenAny(second.Joined, Task.Delay(second.Options.Timings.FormationPatience * 1.2, TestContext.Current.CancellationToken));
        Assert.False(second.Joined.IsCompleted);

        await UntilJoined().WaitAsync(ToyCluster.Bound, TestContext.Current.CancellationToken);

        // A node whose handshake takes too long on a crowded machine gives itself up, and its process starts another.
        async Task UntilJoined()
        {
            while (!second.Joined.IsCompleted)
            {
                ClusterNode restarted = _cluster.Start(_cluster.Options(ClusterRoles.Seed, second) with { Listen = first.Address, Seeds = [], FormerSeeds = [second.Address] });
                if (await Task.WhenAny(second.Joined, restarted.Lost) == restarted.Lost) await ToyCluster.Kill(restarted);
            }
        }
    }

    [Fact]
    public async Task A_restarted_first_seed_joins_the_cluster_that_went_on_without_it()
    {
        ClusterNode first = _cluster.Seed();
        ClusterNode second = _cluster.Seed(first);
        await second.Joined.WaitAsync(ToyCluster.Bound, TestContext.Current.CancellationToken);
        await ToyCluster.Kill(first);
        ClusterNode restarted = _cluster.Start(_cluster.Options(ClusterRoles.Seed) with { Listen = first.Address, FormerSeeds = [second.Address] });
        await restarted.Joined.WaitAsync(ToyCluster.Bound, TestContext.Current.CancellationToken);
        Assert.Equal(second.Address, await ToyCluster.Ask(restarted, restarted.SupervisorProxy("supervisor"), _ => true));
        Assert.Equal(2, Akka.Cluster.Cluster.Get(restarted.System).State.Members.Count);
    }
}
