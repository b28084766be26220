using System.Net;
using System.Net.Sockets;
using Looped.Models;

namespace Looped.Actors.Collectives.Ring;

/// <summary>
/// A worker process's end of every ring it will be in: listens for the whole life of the process, outside any actor system, and
/// lets in only those who know the cluster's secret.
/// </summary>
public sealed class RingListener : IDisposable
{
    internal static readonly TimeSpan HandshakePatience = TimeSpan.FromSeconds(2);

    private readonly byte[] _secret;
    private readonly string _member;
    private readonly WaitingRoom _room;
    private readonly Doorman _doorman;

    /// <summary>Begins to listen.</summary>
    /// <param name="address">The one address to listen on.</param>
    /// <param name="firstPort">First port to try; 0 with a <paramref name="lastPort"/> of 0 takes any free one.</param>
    /// <param name="lastPort">Last port to try.</param>
    /// <param name="secret">The cluster's secret; not empty.</param>
    /// <param name="member">This process's name with its incarnation, as it will stand in <see cref="RingPlan.Members"/>.</param>
    /// <exception cref="LoopedException">No port of the range can be listened on.</exception>
    public RingListener(IPAddress address, int firstPort, int lastPort, ReadOnlyMemory<byte> secret, string member)
        : this(address, firstPort, lastPort, secret, member, HandshakePatience) { }

    internal RingListener(IPAddress address, int firstPort, int lastPort, ReadOnlyMemory<byte> secret, string member, TimeSpan patience)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentException.ThrowIfNullOrEmpty(member);
        if (secret.IsEmpty) throw new ArgumentException("A ring needs a secret.", nameof(secret));
        if (member.Length > 200) throw new ArgumentException("A member's name has at most 200 characters.", nameof(member));
        _secret = secret.ToArray();
        _member = member;
        _room = new WaitingRoom(member);
        Socket socket = Doorman.Bind(address, firstPort, lastPort);
        EndPoint = (IPEndPoint)socket.LocalEndPoint!;
        _doorman = new Doorman(socket, _room, _secret, patience);
    }

    /// <summary>Where it listens.</summary>
    public IPEndPoint EndPoint { get; }

    /// <summary>Connections dropped so far: no handshake, a wrong secret, too slow, or meant for somebody else.</summary>
    public long Rejected => _doorman.Rejected;

    /// <summary>Those of <see cref="Rejected"/> that had no secret to prove; a caller that only hung up in the middle is not among them.</summary>
    public long Unproven => _doorman.Unproven;

    /// <summary>Forms a ring with the others of the plan; blocks until all of them are in it.</summary>
    /// <param name="plan">The generation's members; this process is the one at <see cref="RingPlan.Rank"/>.</param>
    /// <param name="deadline">How long the others may take to join.</param>
    /// <param name="workerTimeout">A neighbour that is silent, or computes without getting on, for longer than this is lost.</param>
    /// <param name="cancel">Gives the attempt up.</param>
    /// <exception cref="CollectiveBrokenException">A rank could not be reached in time; <see cref="CollectiveBrokenException.Lost"/> names it.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public ICollective Join(RingPlan plan, TimeSpan deadline, TimeSpan workerTimeout, CancellationToken cancel)
    {
        ArgumentNullException.ThrowIfNull(plan);
        plan.ThrowIfNotFor(_member);
        if (plan.WorldSize == 1) return new SoloCollective();
        return new RingJoin(plan, _room, _secret, Deadline.In(deadline), workerTimeout, cancel).Run();
    }

    /// <summary>Sees that a peer's listener can be reached from here and shares the secret.</summary>
    /// <exception cref="LoopedException">It cannot, and why.</exception>
    public void Probe(DnsEndPoint peer, TimeSpan timeout)
    {
        ArgumentNullException.ThrowIfNull(peer);
        try
        {
            var hello = new Hello(Purpose.Probe, 0, 0, 0, 0, _member, "");
            using Socket socket = RingCaller.Call(peer, hello, _secret, timeout);
            Handshake.ReadAnswer(socket.ReceiveFrame(Deadline.In(timeout)));
        }
        catch (Exception e) when (e is SocketException or IOException or HandshakeException)
        {
            throw new LoopedException($"The worker at {peer.Host}:{peer.Port} cannot be reached from {_member}: {e.Message} "
                + "Check that its address and ports are open between the two, and that both use one secret.", e);
        }
    }

    /// <summary>Stops listening; rings that are up are not touched.</summary>
    public void Dispose()
    {
        _doorman.Dispose();
        _room.Clear();
    }
}
