using System.Net.Sockets;

namespace Looped.Actors.Collectives.Ring;

/// <summary>
/// Where authenticated callers meet the ring they ask for. A caller may be faster than this rank: it waits here until its generation is
/// joined, its patience ends, or a newer generation is joined.
/// </summary>
internal sealed class WaitingRoom(string member)
{
    private const int MostGuests = 256;

    private static readonly TimeSpan LongestPatience = TimeSpan.FromMinutes(10);

    private readonly Lock _gate = new();
    private readonly List<Guest> _guests = [];
    private readonly List<JoinSlot> _open = [];
    private ((long Term, long Generation) Number, Answer Answer)? _givenUp;

    private sealed record Guest(Socket Socket, Hello Hello, Deadline Deadline);

    /// <summary>Places an authenticated caller; false if it asks for what is not here, and is closed.</summary>
    public bool Admit(Socket socket, Hello hello)
    {
        if (hello.Purpose == Purpose.Probe)
        {
            Reply(socket, Answer.Yes);
            socket.Dispose();
            return true;
        }
        if (hello.ToMember != member) return Refuse(socket, $"It is {member}, not {hello.ToMember}.", []);
        lock (_gate)
        {
            if (_open.Find(slot => slot.Plan.Number == (hello.Term, hello.Generation)) is { } slot) return Offer(slot, socket, hello);
            if (_givenUp is { } gone && gone.Number == (hello.Term, hello.Generation)) return Refuse(socket, gone.Answer.Reason, gone.Answer.Lost, counts: false);
            if (_guests.Count >= MostGuests) Drop(_guests[0]);
            TimeSpan patience = TimeSpan.FromMilliseconds(hello.Patience);
            _guests.Add(new Guest(socket, hello, Deadline.In(patience < LongestPatience ? patience : LongestPatience)));
            return true;
        }
    }

    /// <summary>From now on callers for this plan are let into the slot, those who wait already first.</summary>
    public JoinSlot Open(RingPlan plan)
    {
        var slot = new JoinSlot(plan);
        lock (_gate)
        {
            if (_open.Exists(other => other.Plan.Number == plan.Number))
                throw new InvalidOperationException($"Generation {plan.Term}.{plan.Generation} is being joined already.");
            if (_givenUp?.Number == plan.Number) _givenUp = null;
            _open.Add(slot);
            foreach (Guest guest in _guests.ToArray())
            {
                int age = (guest.Hello.Term, guest.Hello.Generation).CompareTo(plan.Number);
                if (age > 0) continue;
                _guests.Remove(guest);
                if (age < 0) guest.Socket.Dispose();
                else Offer(slot, guest.Socket, guest.Hello);
            }
        }
        return slot;
    }

    /// <summary>The slot takes nobody any more.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="givenUp">What to tell those who call for it later, if the ring did not come up.</param>
    public void Close(JoinSlot slot, Answer? givenUp = null)
    {
        lock (_gate)
        {
            _open.Remove(slot);
            if (givenUp is not null) _givenUp = (slot.Plan.Number, givenUp);
        }
    }

    /// <summary>Lets go of those whose patience is over or who left.</summary>
    public void Sweep()
    {
        lock (_gate)
            foreach (Guest guest in _guests.FindAll(g => g.Deadline.Passed || HasLeft(g.Socket)))
                Drop(guest);
    }

    /// <summary>Closes every waiting connection.</summary>
    public void Clear()
    {
        lock (_gate)
            foreach (Guest guest in _guests.ToArray())
                Drop(guest);
    }

    private void Drop(Guest guest)
    {
        _guests.Remove(guest);
        guest.Socket.Dispose();
    }

    private static bool Offer(JoinSlot slot, Socket socket, Hello hello)
    {
        if (slot.Mismatch(hello) is { } problem) return Refuse(socket, problem, []);
        // The answer comes first: once the slot is full its owner uses the socket.
        if (!HasLeft(socket) && Reply(socket, Answer.Yes)) slot.Take(hello.Purpose, socket);
        else socket.Dispose();
        return true;
    }

    private static bool Refuse(Socket socket, string reason, IReadOnlyList<int> lost, bool counts = true)
    {
        Reply(socket, new Answer(false, reason, lost));
        socket.Dispose();
        return !counts;
    }

    private static bool Reply(Socket socket, Answer answer)
    {
        try
        {
            socket.SendAll(Handshake.Write(answer));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>A caller says nothing before it is answered, so readable means closed.</summary>
    private static bool HasLeft(Socket socket)
    {
        try
        {
            return socket.Poll(0, SelectMode.SelectRead);
        }
        catch (SocketException)
        {
            return true;
        }
    }
}

/// <summary>The place of the previous rank's two connections while a ring forms.</summary>
internal sealed class JoinSlot(RingPlan plan)
{
    private readonly byte[] _digest = plan.Digest();
    private readonly Socket?[] _sockets = new Socket?[2];

    public RingPlan Plan => plan;

    /// <summary>Set once both connections are here.</summary>
    public ManualResetEventSlim Filled { get; } = new();

    public Socket? this[Purpose purpose]
    {
        get
        {
            lock (_sockets) return _sockets[(int)purpose - 1];
        }
    }

    /// <summary>Why a caller does not belong here, or null.</summary>
    public string? Mismatch(Hello hello) =>
        hello.Purpose is not (Purpose.Data or Purpose.Beacon) ? "It is not known what the connection is for."
        : hello.From != plan.Previous || hello.To != plan.Rank || hello.FromMember != plan.Members[plan.Previous] || !hello.PlanDigest.AsSpan().SequenceEqual(_digest)
            ? $"Rank {plan.Rank} has another plan for generation {plan.Term}.{plan.Generation}."
        : null;

    /// <summary>The newest connection of a purpose counts: its caller would not have called again had the older one been good.</summary>
    public void Take(Purpose purpose, Socket socket)
    {
        lock (_sockets)
        {
            _sockets[(int)purpose - 1]?.Dispose();
            _sockets[(int)purpose - 1] = socket;
            if (Array.TrueForAll(_sockets, s => s is not null)) Filled.Set();
        }
    }
}
