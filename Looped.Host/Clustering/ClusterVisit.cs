using Akka.Actor;
using Looped.Actors.Clustering;
using Looped.Actors.Supervision;
using Looped.Models;

namespace Looped.Host.Clustering;

/// <summary>A short visit to a cluster: one question, one answer.</summary>
internal static class ClusterVisit
{
    /// <summary>The state of a cluster.</summary>
    /// <exception cref="NoClusterException">No seed answered in time.</exception>
    public static Task<ClusterPicture> Look(IReadOnlyList<NodeAddress> seeds, string? secretFile, TimeSpan wait) =>
        Visit(seeds, secretFile, wait, supervisor => supervisor.Ask<ClusterPicture>(new AskForCluster(), TimeSpan.FromMilliseconds(500)));

    /// <summary>Asks the run to stop, and waits until it has.</summary>
    /// <exception cref="NoClusterException">No seed answered in time.</exception>
    public static Task<ClusterPicture> Stop(IReadOnlyList<NodeAddress> seeds, string? secretFile, TimeSpan wait) =>
        Visit(seeds, secretFile, wait, async supervisor =>
        {
            supervisor.Tell(new StopRun("looped stop"));
            while (true)
            {
                ClusterPicture picture = await supervisor.Ask<ClusterPicture>(new AskForCluster(), TimeSpan.FromSeconds(5));
                if (picture.Ended is not null) return picture;
                await Task.Delay(100);
            }
        });

    /// <summary>Looks again and again; a question without an answer gives null.</summary>
    /// <param name="seeds">Where to ask.</param>
    /// <param name="secretFile">The cluster's secret.</param>
    /// <param name="wait">How long the first answer may take.</param>
    /// <param name="seen">Shows a picture; false ends the visit.</param>
    /// <param name="pause">Between two looks.</param>
    /// <param name="over">Ends the visit.</param>
    /// <exception cref="NoClusterException">No seed answered in time.</exception>
    public static Task Watch(IReadOnlyList<NodeAddress> seeds, string? secretFile, TimeSpan wait, Func<ClusterPicture?, bool> seen, TimeSpan pause, CancellationToken over) =>
        Visit(seeds, secretFile, wait, async supervisor =>
        {
            while (seen(await Ask(supervisor)) && !over.IsCancellationRequested) await Task.WhenAny(Task.Delay(pause, over));
            return true;
        });

    private static async Task<ClusterPicture?> Ask(IActorRef supervisor)
    {
        try
        {
            return await supervisor.Ask<ClusterPicture>(new AskForCluster(), TimeSpan.FromSeconds(2));
        }
        catch (AskTimeoutException)
        {
            return null; // the supervisor is away, or moves to another seed
        }
    }

    /// <summary>What to say when no seed answers.</summary>
    public static NoClusterException NobodyAt(IReadOnlyList<NodeAddress> seeds, TimeSpan wait, Exception? cause = null) => new(
        $"No seed answered at {string.Join(", ", seeds)} within {wait.TotalSeconds:0} s: check that `looped seed` runs there, that the address can be reached "
        + "from this machine, and that both have the same secret (LOOPED_SECRET or --secret-file).", cause);

    private static async Task<T> Visit<T>(IReadOnlyList<NodeAddress> seeds, string? secretFile, TimeSpan wait, Func<IActorRef, Task<T>> ask)
    {
        var here = new NodeAddress(LocalAddress.Towards(seeds[0]), 0);
        using var loggers = LocalHost.ClusterLoggers();
        ClusterNode node = ClusterNode.Start(new ClusterNodeOptions
        {
            Role = ClusterRoles.Evaluator, // a visitor: no vote, no training
            Listen = here,
            Seeds = seeds,
            Secret = ClusterSecret.Here(secretFile, seeds),
            Loggers = loggers,
        });
        try
        {
            IActorRef supervisor = node.SupervisorProxy(ClusterLink.SupervisorName);
            long started = System.Diagnostics.Stopwatch.GetTimestamp();
            while (true)
            {
                try
                {
                    await supervisor.Ask<ClusterPicture>(new AskForCluster(), TimeSpan.FromMilliseconds(500));
                    return await ask(supervisor);
                }
                catch (AskTimeoutException) when (System.Diagnostics.Stopwatch.GetElapsedTime(started) < wait)
                {
                    // The node is still joining.
                }
                catch (AskTimeoutException e)
                {
                    throw NobodyAt(seeds, wait, e);
                }
            }
        }
        finally
        {
            await node.StopAsync(TimeSpan.FromSeconds(2));
        }
    }
}
