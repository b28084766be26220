using System.Globalization;
using Akka.Actor;
using Akka.Actor.Setup;
using Akka.Configuration;
using Akka.Hosting.Logging;
using Akka.Remote.Transport.DotNetty;

namespace Looped.Actors.Clustering;

/// <summary>Akka's configuration of a node.</summary>
internal static class ClusterConfiguration
{
    /// <summary>The name of every node's actor system; Akka.NET wants them equal.</summary>
    public const string SystemName = "looped";

    /// <summary>Bytes that a message may have on the wire: several times those of a plan, or of a picture, of as many workers as there can be micro-batches.</summary>
    public const int LargestMessage = 8 << 20;

    /// <summary>Everything that the node's actor system is created from.</summary>
    /// <param name="options">The node's options.</param>
    /// <param name="port">The port to listen on; 0 takes a free one.</param>
    /// <param name="certificate">What it shows, and what it wants to see.</param>
    public static ActorSystemSetup Setup(ClusterNodeOptions options, int port, ClusterCertificate certificate) => ActorSystemSetup.Empty
        .And(BootstrapSetup.Create().WithConfig(Hocon(options, port)))
        .And(new DotNettySslSetup(certificate.Certificate, suppressValidation: false, requireMutualAuthentication: true,
            customValidator: (peer, _, _, _, _) => certificate.Accepts(peer)))
        .And(new LoggerFactorySetup(options.Loggers));

    private static Config Hocon(ClusterNodeOptions options, int port) => ConfigurationFactory.ParseString($$"""
        {{ActorSystemSettings.Configuration}}
        akka {
          loglevel = INFO
          stdout-loglevel = OFF
          stdout-logger-class = "{{typeof(SilentLogger).FullName}}, Looped.Actors"
          loggers = ["Akka.Hosting.Logging.LoggerFactoryLogger, Akka.Hosting"]
          log-dead-letters = off
          log-dead-letters-during-shutdown = off
          actor.provider = cluster
          actor.serializers.json = "{{typeof(RefusingSerializer).FullName}}, Looped.Actors"
          # Nobody starts actors on another node, so no description of one is read.
          actor.serializers.daemon-create = "{{typeof(RefusingSerializer).FullName}}, Looped.Actors"
          actor.serialization-identifiers."{{typeof(RefusingSerializer).FullName}}, Looped.Actors" = 1
          coordinated-shutdown.run-by-actor-system-terminate = off
        }
        {{Remote(options, port)}}
        {{Cluster(options)}}
        """);

    private static string Remote(ClusterNodeOptions options, int port) => $$"""
        akka.remote {
          dot-netty.tcp {
            hostname = "{{options.Listen.Host}}"
            port = {{port}}
            public-hostname = "{{options.Advertise?.Host ?? options.Listen.Host}}"
            public-port = {{options.Advertise?.Port ?? 0}}
            enable-ssl = on
            # On Linux, reuse would let two nodes share a port.
            tcp-reuse-addr = off
            # Few and mostly small messages that want to arrive soon.
            batching.enabled = off
            # A larger message would vanish with no more than a line in the log.
            maximum-frame-size = {{LargestMessage}}b
            connection-timeout = {{Text(options.Timings.Handshake)}}
          }
          handshake-timeout = {{Text(options.Timings.Handshake)}}
          # Each end sends on the connection that it has opened. An inbound one taken over for sending can leave a restarted node deaf: its
          # reader on that connection may have been told to stop.
          use-passive-connections = off
          retry-gate-closed-for = {{Text(options.Timings.Reconnect)}}
          flush-wait-on-shutdown = {{Text(options.Timings.Reconnect)}}
          transport-failure-detector {
            heartbeat-interval = {{Text(options.Timings.ConnectionPause / 4)}}
            acceptable-heartbeat-pause = {{Text(options.Timings.ConnectionPause)}}
          }
          watch-failure-detector {
            heartbeat-interval = {{Text(options.Timings.Heartbeat)}}
            acceptable-heartbeat-pause = {{Text(options.Timings.HeartbeatPause)}}
            min-std-deviation = {{Text(options.Timings.HeartbeatDeviation)}}
          }
        }
        """;

    private static string Cluster(ClusterNodeOptions options) => $$"""
        {{SeedDowning.DownAfterKey}} = {{Text(options.Timings.DownAfter)}}
        akka.cluster {
          roles = ["{{options.Role}}"]
          downing-provider-class = "{{typeof(SeedDowning).FullName}}, Looped.Actors"
          run-coordinated-shutdown-when-down = {{(options.Role == ClusterRoles.Seed ? "on" : "off")}}
          seed-node-timeout = {{Text(options.Timings.FormationPatience)}}
          retry-unsuccessful-join-after = {{Text(options.Timings.JoinRetry)}}
          allow-weakly-up-members = {{Text(options.Timings.WorkerTimeout)}}
          periodic-tasks-initial-delay = {{Text(options.Timings.Gossip)}}
          gossip-interval = {{Text(options.Timings.Gossip)}}
          gossip-time-to-live = {{Text(options.Timings.Gossip * 4)}}
          leader-actions-interval = {{Text(options.Timings.LeaderActions)}}
          unreachable-nodes-reaper-interval = {{Text(options.Timings.Reaper)}}
          failure-detector {
            heartbeat-interval = {{Text(options.Timings.Heartbeat)}}
            min-std-deviation = {{Text(options.Timings.HeartbeatDeviation)}}
            {{Suspicion(options)}}
          }
          singleton.hand-over-retry-interval = {{Text(options.Timings.SingletonRetry)}}
          singleton-proxy {
            singleton-identification-interval = {{Text(options.Timings.SingletonRetry)}}
            log-singleton-identification-failure = off
          }
        }
        """;

    /// <summary>
    /// Seeds listen to everybody. A worker listens to one neighbour and accuses nobody: two workers that cannot reach each other, or one
    /// whose processors are all at work, must not cost a member that the seeds hear well.
    /// </summary>
    private static string Suspicion(ClusterNodeOptions options) => options.Role == ClusterRoles.Seed
        ? $"""
            monitored-by-nr-of-members = 10000
            acceptable-heartbeat-pause = {Text(options.Timings.HeartbeatPause)}
            expected-response-after = {Text(options.Timings.HeartbeatPause)}
            """
        : """
            monitored-by-nr-of-members = 1
            acceptable-heartbeat-pause = 10d
            expected-response-after = 10d
            """;

    private static string Text(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{Math.Ceiling(time.TotalMilliseconds)}ms");
}
