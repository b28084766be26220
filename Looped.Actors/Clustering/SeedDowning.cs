using System.Diagnostics;
using Akka.Actor;
using Akka.Cluster;
using Akka.Event;

namespace Looped.Actors.Clustering;

/// <summary>
/// Who may remove members: every seed, and nobody else. There is no majority to wait for, because two supervisors at once do no harm (a
/// term, claimed once in the run folder, fences the older), while a cluster without one cannot regroup.
/// </summary>
/// <param name="system">The node's actor system.</param>
/// <param name="cluster">Its membership.</param>
public sealed class SeedDowning(ActorSystem system, Cluster cluster) : IDowningProvider
{
    /// <summary>Where the configuration says how long a member may be unreachable.</summary>
    internal const string DownAfterKey = "looped.cluster.down-after";

    /// <summary>None: the term fences the supervisor that was removed, its successor need not wait for it to notice.</summary>
    public TimeSpan DownRemovalMargin => TimeSpan.Zero;

    /// <summary>The actor that removes members; none on a worker.</summary>
    public Props? DowningActorProps =>
        cluster.SelfRoles.Contains(ClusterRoles.Seed)
            ? Props.Create(() => new DowningActor(system.Settings.Config.GetTimeSpan(DownAfterKey, null, true)))
            : null;

    private sealed class DowningActor : ReceiveActor, IWithTimers
    {
        private readonly Cluster _cluster = Cluster.Get(Context.System);
        private UnreachableMembers<UniqueAddress> _unreachable;

        public DowningActor(TimeSpan downAfter)
        {
            _unreachable = new(downAfter);
            Receive<Look>(_ => OnLook());
        }

        public ITimerScheduler Timers { get; set; } = null!;

        protected override void PreStart() => Timers.StartPeriodicTimer(nameof(Look), Look.Now, _unreachable.Interval);

        private void OnLook()
        {
            IEnumerable<UniqueAddress> unreachable = _cluster.State.Unreachable.Where(m => m.Status is not (MemberStatus.Down or MemberStatus.Removed)).Select(m => m.UniqueAddress);
            (_unreachable, IReadOnlyList<UniqueAddress> lost) = _unreachable.Observe(Stopwatch.GetElapsedTime(0), unreachable);
            foreach (UniqueAddress member in lost)
            {
                Context.GetLogger().Warning("{0} has been unreachable for too long and is removed", member.Address);
                _cluster.Down(member.Address);
            }
        }

        private sealed record Look
        {
            public static Look Now { get; } = new();
        }
    }
}
