namespace Looped.Actors.Clustering;

/// <summary>One timing as <c>doctor</c> lists it.</summary>
/// <param name="Name">A short name.</param>
/// <param name="Value">How long.</param>
/// <param name="Meaning">What happens at or after it.</param>
public sealed record ClusterTiming(string Name, TimeSpan Value, string Meaning);

/// <summary>
/// Every timing of a cluster. Only the worker timeout is the user's; the rest follow from it, so that no two of them can contradict.
/// Lower limits keep a busy host from raising false alarms, upper ones keep seeds attentive however patient the user is with workers.
/// </summary>
/// <param name="WorkerTimeout">A worker is lost after this long without a sign of life (<c>cluster.worker_timeout</c>).</param>
public sealed record ClusterTimings(TimeSpan WorkerTimeout)
{
    /// <summary>Of the recipe's default worker timeout.</summary>
    public static ClusterTimings Default { get; } = new(TimeSpan.FromSeconds(5));

    /// <summary>Between heartbeats of two nodes. A twentieth: a lost packet or two must not matter.</summary>
    public TimeSpan Heartbeat => Part(0.05, 100, 1000);

    /// <summary>Silence beyond the usual interval that a node is allowed, such as a garbage collection or a crowded processor.</summary>
    public TimeSpan HeartbeatPause => Part(0.2, 400, 10_000);

    /// <summary>Least spread that the failure detector assumes: very regular heartbeats would make it suspicious of the first late one.</summary>
    public TimeSpan HeartbeatDeviation => Part(0.01, 20, 500);

    /// <summary>Between exchanges of the membership: a change needs a few of them to reach everybody.</summary>
    public TimeSpan Gossip => Part(0.04, 100, 1000);

    /// <summary>Between looks of the leader at members that are to be moved up or removed.</summary>
    public TimeSpan LeaderActions => Part(0.04, 100, 1000);

    /// <summary>Between looks at the failure detectors.</summary>
    public TimeSpan Reaper => Part(0.05, 100, 1000);

    /// <summary>
    /// An unreachable member is removed after this long. Short, because nothing that cannot be repeated hangs on it: a removed worker trains
    /// on and registers again, a removed supervisor is fenced by its successor's term.
    /// </summary>
    public TimeSpan DownAfter => Part(0.4, 500, 20_000);

    /// <summary>Between tries to hand the supervisor over to another seed, and to find where it is.</summary>
    public TimeSpan SingletonRetry => Part(0.1, 100, 1000);

    /// <summary>Between tries to reach a node whose connection broke. Akka's five seconds would outlast a seed's restart.</summary>
    public TimeSpan Reconnect => Part(0.05, 100, 1000);

    /// <summary>
    /// A connection that is not established by then is tried again. One that meets a node at the moment of its start may never be answered,
    /// and while it waits, nothing else reaches that node.
    /// </summary>
    public TimeSpan Handshake => Part(0.2, 1000, 5000);

    /// <summary>Between tries to join a cluster that has not answered.</summary>
    public TimeSpan JoinRetry => Part(0.2, 300, 5000);

    /// <summary>
    /// A starting seed that knows of earlier seeds asks them for this long before it forms a cluster of its own. Akka asks once a second, and
    /// the first question or answer is easily lost on a connection from before the restart.
    /// </summary>
    public TimeSpan FormationPatience => Part(1, 5000, 20_000);

    /// <summary>A connection that is silent for longer is opened anew: after a mended network, TCP itself may wait for minutes.</summary>
    public TimeSpan ConnectionPause => Part(1, 2000, 60_000);

    /// <summary>Between signs of life from a worker to the supervisor; several fit into the worker timeout.</summary>
    public TimeSpan SupervisorHeartbeat => Part(0.1, 100, 5000);

    /// <summary>A worker that has not heard from a supervisor for this long builds a new node, while it trains on.</summary>
    public TimeSpan SupervisorSilence => Part(2, 3000, 60_000);

    /// <summary>
    /// With every worker lost, the supervisor waits this long before it lets one restore a checkpoint: the timeout in which members find
    /// out that they were cut off, and once more for them to come back with newer weights than the checkpoint's.
    /// </summary>
    public TimeSpan RestoreLease => Part(2, 2000, 600_000);

    /// <summary>How long the ranks of a broken generation are waited for before the next is formed from those who answered.</summary>
    public TimeSpan AnswerWindow => Part(0.06, 150, 2000);

    /// <summary>A planned generation that does not run by then is given up; its predecessor goes on. It covers copying state to joiners.</summary>
    public TimeSpan FormationDeadline => Part(2, 3000, 120_000);

    /// <summary>How long a worker that spoiled a regroup is kept out after the first time.</summary>
    public TimeSpan CoolDownBase => Part(1, 1000, 60_000);

    /// <summary>The longest that it is kept out.</summary>
    public TimeSpan CoolDownMax => CoolDownBase * 16;

    /// <summary>All of them, the user's first.</summary>
    public IReadOnlyList<ClusterTiming> Rows() =>
    [
        new("worker timeout", WorkerTimeout, "a worker is lost after this long without a sign of life (cluster.worker_timeout)"),
        new("heartbeat", Heartbeat, "between heartbeats of two nodes"),
        new("heartbeat pause", HeartbeatPause, "silence that a node is allowed before it counts as unreachable"),
        new("heartbeat deviation", HeartbeatDeviation, "least irregularity that the failure detector assumes"),
        new("gossip", Gossip, "between exchanges of the membership"),
        new("leader actions", LeaderActions, "between changes of the membership by the leading seed"),
        new("reaper", Reaper, "between looks at the failure detectors"),
        new("down after", DownAfter, "a seed removes a member that stays unreachable for this long"),
        new("singleton retry", SingletonRetry, "between tries to hand over, and to find, the supervisor"),
        new("reconnect", Reconnect, "between tries to reach a node whose connection broke"),
        new("handshake", Handshake, "a connection that is not established by then is tried again"),
        new("join retry", JoinRetry, "between tries to join a cluster that has not answered"),
        new("formation patience", FormationPatience, "a restarted seed asks earlier seeds for this long before it forms a cluster"),
        new("connection pause", ConnectionPause, "a connection that is silent for longer is opened anew"),
        new("supervisor heartbeat", SupervisorHeartbeat, "between signs of life from a worker to the supervisor"),
        new("supervisor silence", SupervisorSilence, "a worker without a supervisor for this long builds a new node and trains on"),
        new("restore lease", RestoreLease, "with every worker lost, the wait before a checkpoint is restored"),
        new("answer window", AnswerWindow, "the wait for the ranks of a broken generation"),
        new("formation deadline", FormationDeadline, "a planned generation that does not run by then is given up"),
        new("cool-down", CoolDownBase, "a worker that spoiled a regroup is kept out, doubled each time"),
        new("longest cool-down", CoolDownMax, "the longest that it is kept out"),
    ];

    private TimeSpan Part(double share, double least, double most) =>
        TimeSpan.FromMilliseconds(Math.Round(Math.Clamp(share * WorkerTimeout.TotalMilliseconds, least, most)));
}
