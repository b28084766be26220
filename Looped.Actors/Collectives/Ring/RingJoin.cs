using System.Net.Sockets;

namespace Looped.Actors.Collectives.Ring;

/// <summary>One attempt to form a ring: calls the next rank, awaits the previous one, and waits until every rank has done so.</summary>
internal sealed class RingJoin(RingPlan plan, WaitingRoom room, byte[] secret, Deadline deadline, TimeSpan workerTimeout, CancellationToken cancel)
{
    private static readonly TimeSpan Slice = TimeSpan.FromMilliseconds(50), LongestPause = TimeSpan.FromMilliseconds(250),
        // A member listens for as long as its process lives: whoever refuses connections for this long is gone.
        Refusing = TimeSpan.FromMilliseconds(500),
        // Those who miss a neighbour find out at the deadline; the others hear it from them a moment later.
        NewsTime = TimeSpan.FromSeconds(1);

    private Socket? _data, _beacon;

    public RingCollective Run()
    {
        JoinSlot slot = room.Open(plan);
        RingCollective? ring = null;
        try
        {
            _data = Reach(Purpose.Data);
            _beacon = Reach(Purpose.Beacon);
            Await(slot);
            room.Close(slot);
            ring = new RingCollective(plan, new RingLinks(slot[Purpose.Data]!, _data, slot[Purpose.Beacon]!, _beacon), workerTimeout);
            WaitForAll(ring);
            return ring;
        }
        catch (Exception e)
        {
            var lost = (e as CollectiveBrokenException)?.Lost ?? [];
            string reason = e is OperationCanceledException ? $"{plan.Describe(plan.Rank)} gave the attempt up." : e.Message;
            room.Close(slot, new Answer(false, reason, lost));
            if (ring is not null) ring.Dispose();
            else Leave(slot, new Breakage(reason, lost));
            cancel.ThrowIfCancellationRequested();
            throw;
        }
    }

    private Socket Reach(Purpose purpose)
    {
        string? problem = null;
        IReadOnlyList<int> lost = [];
        Deadline? gone = null;
        for (TimeSpan pause = TimeSpan.FromMilliseconds(10); ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            try
            {
                if (TryReach(purpose, out Answer answer) is { } socket) return socket;
                (problem, lost, gone) = (answer.Reason, answer.Lost, null);
            }
            catch (SocketException e) when (e.SocketErrorCode == SocketError.ConnectionRefused)
            {
                gone ??= Deadline.In(Refusing);
                if (gone.Value.Passed) throw Unreachable([plan.Next], $"{plan.Describe(plan.Next)} does not listen any more.");
                problem ??= e.Message;
            }
            catch (Exception e) when (e is SocketException or IOException or HandshakeException)
            {
                // What the peer said in an earlier call says more than that the last one ran out of time.
                if (problem is null || !deadline.Passed) (problem, lost) = (e.Message, []);
                gone = null;
            }
            cancel.WaitHandle.WaitOne(pause < deadline.Left ? pause : deadline.Left);
            cancel.ThrowIfCancellationRequested();
            if (deadline.Passed) throw Unreachable(lost.Count > 0 ? lost : [plan.Next], $"{plan.Describe(plan.Next)} could not be reached in time: {problem}");
        }
    }

    /// <summary>One call; null with the answer if the peer refused or did not join in time.</summary>
    private Socket? TryReach(Purpose purpose, out Answer answer)
    {
        TimeSpan patience = deadline.Left < RingListener.HandshakePatience ? deadline.Left : RingListener.HandshakePatience;
        Hello hello = Hello.Of(plan, purpose) with { Patience = (uint)Math.Min(deadline.Left.TotalMilliseconds + 1000, uint.MaxValue) };
        Socket socket = RingCaller.Call(plan.Endpoints[plan.Next], hello, secret, patience);
        try
        {
            while (!socket.Poll(Slice, SelectMode.SelectRead))
            {
                cancel.ThrowIfCancellationRequested();
                if (deadline.Passed) throw new HandshakeException($"it has not joined generation {plan.Term}.{plan.Generation}.");
            }
            answer = Handshake.ReadAnswer(socket.ReceiveFrame(Deadline.In(RingListener.HandshakePatience)));
            if (answer.Accepted) return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
        socket.Dispose();
        return null;
    }

    private void Await(JoinSlot slot)
    {
        while (!slot.Filled.Wait(deadline.Left < Slice ? deadline.Left : Slice, cancel))
        {
            if (deadline.Passed) throw Unreachable([plan.Previous], $"{plan.Describe(plan.Previous)} did not call {plan.Describe(plan.Rank)} in time.");
            if (_data!.Poll(TimeSpan.Zero, SelectMode.SelectRead) && _data.Available == 0 && LastWords() is var news) throw Unreachable(news.Lost, news.Message);
        }
    }

    /// <summary>Why the next rank, which was there, has given the attempt up.</summary>
    private Breakage LastWords()
    {
        try
        {
            var soon = Deadline.In(NewsTime);
            while (true)
                if (BeaconFrame.Read(_beacon!.ReceiveFrame(soon)) is BeaconFrame.Abort abort) return abort.Breakage;
        }
        catch (Exception e) when (e is SocketException or IOException or HandshakeException)
        {
            return new Breakage($"{plan.Describe(plan.Next)} has given the attempt up.", []);
        }
    }

    private void WaitForAll(RingCollective ring)
    {
        using CancellationTokenRegistration cancelled = cancel.Register(ring.Abort);
        using var late = new Timer(_ => ring.Break(new Breakage($"Generation {plan.Term}.{plan.Generation} did not come up in time.", [])),
            null, deadline.Left + NewsTime, Timeout.InfiniteTimeSpan);
        ring.Barrier();
    }

    /// <summary>Tells the neighbours that have been reached why this rank is not coming.</summary>
    private void Leave(JoinSlot slot, Breakage breakage)
    {
        byte[] news = new BeaconFrame.Abort(breakage).Write();
        foreach (Socket beacon in new[] { slot[Purpose.Beacon], _beacon }.OfType<Socket>())
        {
            try
            {
                beacon.SendAll(news);
                beacon.Shutdown(SocketShutdown.Send);
            }
            catch (SocketException)
            {
                // It has gone as well.
            }
        }
        foreach (Socket socket in new[] { slot[Purpose.Data], _data, slot[Purpose.Beacon], _beacon }.OfType<Socket>()) socket.Dispose();
    }

    private CollectiveBrokenException Unreachable(IReadOnlyList<int> lost, string problem) =>
        new($"Generation {plan.Term}.{plan.Generation} did not form: {problem}") { Lost = lost };
}
