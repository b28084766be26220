using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Akka.Actor;
using Akka.Configuration;
using Akka.Remote;
using Looped.Actors.Clustering;

namespace Looped.Actors.Tests.Clustering;

/// <summary>Peers that do not hold the secret, and messages that are none of ours.</summary>
public sealed class UninvitedPeerTests : IAsyncLifetime
{
    // No test here is about silence: a node that a crowded machine starves for a second is not to be removed.
    private readonly ToyCluster _cluster = new(TimeSpan.FromSeconds(8));
    private ClusterNode _seed = null!;
    private ClusterNode _worker = null!;
    private IActorRef _supervisor = null!;

    public async ValueTask InitializeAsync()
    {
        await ToyCluster.Warm;
        _seed = _cluster.Seed();
        _worker = _cluster.Worker(_seed);
        _supervisor = _worker.SupervisorProxy("supervisor");
        await ToyCluster.Ask(_worker, _supervisor, _ => true);
    }

    public ValueTask DisposeAsync() => _cluster.DisposeAsync();

    [Fact]
    public async Task A_node_with_another_secret_does_not_join()
    {
        ClusterNode stranger = _cluster.Start(_cluster.Options(ClusterRoles.Worker, _seed) with { Secret = RandomNumberGenerator.GetBytes(32) });
        Assert.False(await Reaches(stranger.System, _seed.SelfAddress));
        Assert.True(await Reaches(_worker.System, _seed.SelfAddress));
        await NothingWasDisturbed();
        await Dropped(1);
        Assert.False(stranger.Joined.IsCompleted);
    }

    [Fact]
    public async Task A_node_without_TLS_reaches_nobody()
    {
        using var plain = ActorSystem.Create("looped", ConfigurationFactory.ParseString("""
            akka { loglevel = OFF, stdout-loglevel = OFF, stdout-logger-class = "Looped.Actors.Clustering.SilentLogger, Looped.Actors" }
            akka.actor.provider = remote
            akka.remote.dot-netty.tcp { hostname = "127.0.0.1", port = 0 }
            """));
        Assert.False(await Reaches(plain, new Address("akka.tcp", "looped", _seed.Address.Host, _seed.Address.Port)));
        await NothingWasDisturbed();
        await Dropped(1);
        await plain.Terminate();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_TLS_client_without_the_certificate_is_thrown_out(bool ownCertificate)
    {
        using ClusterCertificate other = ClusterCertificate.FromSecret(RandomNumberGenerator.GetBytes(32));
        using var socket = new TcpClient();
        await socket.ConnectAsync(_seed.Address.Host, _seed.Address.Port, TestContext.Current.CancellationToken);
        await using var tls = new SslStream(socket.GetStream(), false, (_, certificate, _, _) => certificate is not null);
        X509CertificateCollection? certificates = ownCertificate ? [other.Certificate] : null;
        using var bound = new CancellationTokenSource(ToyCluster.Bound);
        Exception? error = await Record.ExceptionAsync(async () =>
        {
            await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "looped", ClientCertificates = certificates }, bound.Token);
            // With TLS 1.3 a client hears only after its own half of the handshake that it was refused.
            if (await tls.ReadAsync(new byte[1], bound.Token) == 0) throw new IOException("closed");
        });
        Assert.True(error is IOException or System.Security.Authentication.AuthenticationException, error?.ToString());
        await NothingWasDisturbed();
        await Dropped(1);
    }

    [Fact]
    public async Task A_client_with_the_secret_is_let_in()
    {
        using ClusterCertificate ours = ClusterCertificate.FromSecret(_seed.Options.Secret.Span);
        using var socket = new TcpClient();
        await socket.ConnectAsync(_seed.Address.Host, _seed.Address.Port, TestContext.Current.CancellationToken);
        await using var tls = new SslStream(socket.GetStream(), false, (_, certificate, _, _) => ours.Accepts(certificate));
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "looped", ClientCertificates = [ours.Certificate] }, TestContext.Current.CancellationToken);
        await Assert.ThrowsAsync<OperationCanceledException>(async () =>
        {
            using var soon = new CancellationTokenSource(300);
            await tls.ReadExactlyAsync(new byte[1], soon.Token);
        });
        Assert.Equal(0, _seed.Rejected);
    }

    [Fact]
    public async Task A_node_that_dies_in_its_handshake_is_not_taken_for_one_without_the_secret()
    {
        // The beginning of a TLS record, and the end.
        using (var dying = new TcpClient())
        {
            await dying.ConnectAsync(_seed.Address.Host, _seed.Address.Port, TestContext.Current.CancellationToken);
            await dying.GetStream().WriteAsync(new byte[] { 22, 3, 1, 2, 0, 1 }, TestContext.Current.CancellationToken);
        }
        await _cluster.Says("TLS handshake failed");
        // Whoever counts has seen that when it has seen what was published after it.
        var marker = new Address("akka.ssl.tcp", "looped", "127.0.0.1", 1);
        _seed.System.EventStream.Publish(new DisassociatedEvent(_seed.SelfAddress, marker, true));
        using var bound = new CancellationTokenSource(ToyCluster.Bound);
        while (!_cluster.Disconnected.Contains(NodeAddress.Of(marker))) await Task.Delay(20, bound.Token);
        Assert.Equal(0, _seed.Rejected);
    }

    [Fact]
    public async Task Garbage_on_the_port_disturbs_nothing()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(_seed.Address.Host, _seed.Address.Port, TestContext.Current.CancellationToken);
        byte[] garbage = new byte[100_000];
        new Random(1).NextBytes(garbage);
        await Record.ExceptionAsync(() => socket.GetStream().WriteAsync(garbage, TestContext.Current.CancellationToken).AsTask());
        await NothingWasDisturbed();
        await Dropped(1);
    }

    [Fact]
    public async Task An_object_that_is_none_of_our_messages_does_not_travel()
    {
        _supervisor.Tell(new Foreign("hello"));
        await NothingWasDisturbed();
        Akka.Serialization.Serialization serialization = ((ExtendedActorSystem)_worker.System).Serialization;
        Assert.IsType<RefusingSerializer>(serialization.FindSerializerFor(new Foreign("hello")));
        byte[] json = """{"$type":"System.IO.FileInfo, System.IO.FileSystem","fileName":"/tmp/x"}"""u8.ToArray();
        Assert.Throws<System.Runtime.Serialization.SerializationException>(() => serialization.Deserialize(json, 1, "System.IO.FileInfo, System.IO.FileSystem"));
    }

    [Fact]
    public void A_description_of_an_actor_to_start_is_not_read()
    {
        Akka.Serialization.Serialization serialization = ((ExtendedActorSystem)_worker.System).Serialization;
        Type wish = typeof(Akka.Remote.RemoteActorRef).Assembly.GetType("Akka.Remote.DaemonMsgCreate", throwOnError: true)!;
        Assert.IsType<RefusingSerializer>(serialization.FindSerializerForType(wish));
        int theirs = new Akka.Remote.Serialization.DaemonMsgCreateSerializer((ExtendedActorSystem)_worker.System).Identifier;
        Assert.Throws<System.Runtime.Serialization.SerializationException>(() => serialization.Deserialize([], theirs, ""));
    }

    private static async Task<bool> Reaches(ActorSystem from, Address address)
    {
        ActorSelection supervisor = from.ActorSelection(new RootActorPath(address) / "user" / "supervisor" / "singleton");
        return await Record.ExceptionAsync(() => supervisor.Ask<string>("where are you?", TimeSpan.FromSeconds(1))) is not AskTimeoutException;
    }

    /// <summary>Waits until the seed has counted strangers.</summary>
    private async Task Dropped(long least)
    {
        using var bound = new CancellationTokenSource(ToyCluster.Bound);
        while (_seed.Rejected < least) await Task.Delay(20, bound.Token);
    }

    /// <summary>The two members still see each other, and the supervisor answers.</summary>
    private async Task NothingWasDisturbed()
    {
        Assert.Equal(_seed.Address, await ToyCluster.Ask(_worker, _supervisor, _ => true));
        Akka.Cluster.ClusterEvent.CurrentClusterState state = Akka.Cluster.Cluster.Get(_seed.System).State;
        Assert.Equal((2, 0), (state.Members.Count, state.Unreachable.Count));
    }

    private sealed record Foreign(string Text);
}
