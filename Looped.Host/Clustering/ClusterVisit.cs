using System.Diagnostics;
using Akka.Actor;
using Looped.Actors;
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
        Visit(seeds, secretFile, wait, (_, picture) => Task.FromResult(picture));

    /// <summary>What is trained there; null if the run is over.</summary>
    /// <exception cref="NoClusterException">No seed answered in time.</exception>
    /// <exception cref="UsageException">The seed runs another version of the program.</exception>
    public static Task<RunDescribed?> Describe(IReadOnlyList<NodeAddress> seeds, string? secretFile, TimeSpan wait) =>
        Visit(seeds, secretFile, wait, async (supervisor, _) =>
        {
            string version = typeof(SupervisedRun).Assembly.GetName().Version!.ToString(3);
            var question = new AskForRun($"the seed on {Environment.MachineName} (process {Environment.ProcessId})", version, Trains: false);
            long started = Stopwatch.GetTimestamp();
            while (true)
            {
                IWireMessage? answer = await Ask<IWireMessage>(supervisor, question, TimeSpan.FromSeconds(2));
                if (answer is RegistrationRefused refused) throw new UsageException(refused.Reason);
                if (answer is not null) return answer as RunDescribed;
                if (Stopwatch.GetElapsedTime(started) > wait) throw NobodyAt(seeds, wait);
            }
        });

    /// <summary>Asks the run to stop, and waits until it has.</summary>
    /// <exception cref="NoClusterException">No seed answered in time.</exception>
    public static Task<ClusterPicture> Stop(IReadOnlyList<NodeAddress> seeds, string? secretFile, TimeSpan wait) =>
        Visit(seeds, secretFile, wait, async (supervisor, picture) =>
        {
            long heard = Stopwatch.GetTimestamp();
            while (picture.Ended is null)
            {
                supervisor.Tell(new StopRun("looped stop")); // once more does no harm: a supervisor that just took over has not heard it
                await Task.Delay(100);
                if (await Ask(supervisor, TimeSpan.FromSeconds(2)) is { } now) (picture, heard) = (now, Stopwatch.GetTimestamp());
                else if (Stopwatch.GetElapsedTime(heard) > wait) throw NobodyAt(seeds, wait);
            }
            return picture;
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
        Visit(seeds, secretFile, wait, async (supervisor, _) =>
        {
            while (seen(await Ask(supervisor, TimeSpan.FromSeconds(2))) && !over.IsCancellationRequested) await Task.WhenAny(Task.Delay(pause, over));
            return true;
        });

    private static Task<ClusterPicture?> Ask(IActorRef supervisor, TimeSpan patience) => Ask<ClusterPicture>(supervisor, new AskForCluster(), patience);

    private static async Task<T?> Ask<T>(IActorRef supervisor, IWireMessage question, TimeSpan patience) where T : class
    {
        try
        {
            return await supervisor.Ask<T>(question, patience);
        }
        catch (AskTimeoutException)
        {
            return null; // the supervisor is away, or moves to another seed
        }
    }

    /// <summary>What to say when no seed answers.</summary>
    public static NoClusterException NobodyAt(IReadOnlyList<NodeAddress> seeds, TimeSpan wait) => new(
        $"No seed answered at {string.Join(", ", seeds)} within {wait.TotalSeconds:0.##} s: check that `looped seed` runs there, that the address can be reached "
        + "from this machine, and that both have the same secret (LOOPED_SECRET or --secret-file).");

    private static async Task<T> Visit<T>(IReadOnlyList<NodeAddress> seeds, string? secretFile, TimeSpan wait, Func<IActorRef, ClusterPicture, Task<T>> ask)
    {
        using var loggers = LocalHost.ClusterLoggers();
        var options = new ClusterNodeOptions
        {
            Role = ClusterRoles.Evaluator, // a visitor: no vote, no training
            Listen = new NodeAddress(LocalAddress.Towards(seeds), 0),
            Seeds = seeds,
            Secret = ClusterSecret.Here(secretFile, seeds),
            Loggers = loggers,
        };
        long started = Stopwatch.GetTimestamp();
        while (true)
        {
            ClusterNode node = ClusterNode.Start(options);
            bool met = false;
            try
            {
                IActorRef supervisor = node.SupervisorProxy(ClusterLink.SupervisorName);
                ClusterPicture? picture = await Meet(node, supervisor, wait - Stopwatch.GetElapsedTime(started));
                met = picture is not null;
                if (picture is not null) return await ask(supervisor, picture);
            }
            finally
            {
                if (met) await node.StopAsync(TimeSpan.FromSeconds(2));
                else node.Kill();
            }
            if (Stopwatch.GetElapsedTime(started) >= wait) throw NobodyAt(seeds, wait);
        }
    }

    /// <summary>
    /// Asks until the supervisor answers; null if it does not in time, or through this node never will: a crowded machine may take a node for
    /// dead while it joins.
    /// </summary>
    private static async Task<ClusterPicture?> Meet(ClusterNode node, IActorRef supervisor, TimeSpan wait)
    {
        TimeSpan silence = ClusterTimings.Default.SupervisorSilence;
        long started = Stopwatch.GetTimestamp();
        ClusterPicture? picture = null;
        while (picture is null && !node.Lost.IsCompleted && Stopwatch.GetElapsedTime(started) < (wait < silence ? wait : silence))
            picture = await Ask(supervisor, TimeSpan.FromMilliseconds(500));
        return picture;
    }
}
