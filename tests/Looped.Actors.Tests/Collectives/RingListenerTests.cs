using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Looped.Actors.Collectives;
using Looped.Actors.Collectives.Ring;
using Looped.Models;

namespace Looped.Actors.Tests.Collectives;

public class RingListenerTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(300);

    private static Socket Connect(RingListener listener)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveTimeout = 10_000 };
        socket.Connect(listener.EndPoint);
        return socket;
    }

    /// <summary>Waits until the listener has closed the connection; whatever it says before is read.</summary>
    private static void AwaitClosed(Socket socket)
    {
        try
        {
            while (socket.Receive(new byte[256]) > 0) { }
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionReset)
        {
            // Closed with bytes of ours unread.
        }
    }

    [Fact]
    public void Strangers_are_dropped_and_counted_while_a_ring_forms_beside_them()
    {
        using var ranks = new RingWorld(2, handshake: Short);
        RingListener door = ranks.Listeners[0];
        using Socket silent = Connect(door), babbling = Connect(door), halfway = Connect(door);
        babbling.Send("GET / HTTP/1.1\r\n\r\n"u8);
        halfway.Send([200, 0, 1, 2, 3]);
        using RingListener foreign = RingWorld.Listen("foreign", "another secret");
        Assert.Contains("secret", Assert.Throws<LoopedException>(() => foreign.Probe(RingWorld.At(door), RingWorld.Patient)).Message, StringComparison.Ordinal);

        ICollective[] rings = ranks.Form();
        ranks.OnEach(rank => { rings[rank].Barrier(); return 0; });
        foreach (Socket socket in new[] { silent, babbling, halfway }) AwaitClosed(socket);
        Assert.True(SpinWait.SpinUntil(() => (door.Rejected, door.Unproven) == (4, 4), RingWorld.Patient));
        Assert.Equal(0, ranks.Listeners[1].Rejected);
        foreach (ICollective ring in rings) ring.Dispose();
    }

    [Fact]
    public void A_crowd_of_silent_connections_keeps_no_one_out()
    {
        using var ranks = new RingWorld(2);
        Socket[] crowd = [.. Enumerable.Range(0, 200).Select(_ => Connect(ranks.Listeners[1]))];
        ICollective[] rings = ranks.Form();
        Assert.InRange(ranks.Listeners[1].Rejected, 100, 200);
        foreach (Socket socket in crowd) socket.Dispose();
        foreach (ICollective ring in rings) ring.Dispose();
    }

    [Fact]
    public void A_rank_that_joins_early_is_kept_waiting_for_the_others()
    {
        using var ranks = new RingWorld(2);
        using var returned = new ManualResetEventSlim();
        ICollective[] rings = ranks.OnEach(rank =>
        {
            // The other one comes only after the early one had the time to return too soon.
            if (rank == 1) Assert.False(returned.Wait(200));
            ICollective ring = ranks.Join(rank);
            returned.Set();
            return ring;
        });
        Assert.Equal([0, 1], rings.Select(r => r.Rank));
        foreach (ICollective ring in rings) ring.Dispose();
    }

    [Fact]
    public void A_rank_that_never_joins_is_named_by_all_who_waited()
    {
        using var ranks = new RingWorld(4);
        Exception?[] errors = ranks.ErrorsOf(rank =>
        {
            if (rank != 2) ranks.Join(rank, deadline: 2 * Short).Dispose();
        });
        Assert.Null(errors[2]);
        foreach (int rank in new[] { 0, 1, 3 }) Assert.Equal([2], Assert.IsType<CollectiveBrokenException>(errors[rank]).Lost);
        Assert.Contains("rank 2 (worker-2#1", errors[1]!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_process_that_is_gone_is_named()
    {
        using var ranks = new RingWorld(2);
        ranks.Listeners[1].Dispose();
        var error = Assert.Throws<CollectiveBrokenException>(() => ranks.Join(0, deadline: Short));
        Assert.Equal([1], error.Lost);
    }

    [Fact]
    public void A_process_that_is_gone_is_named_by_all_long_before_the_deadline()
    {
        using var ranks = new RingWorld(4);
        ranks.Listeners[2].Dispose();
        long started = Stopwatch.GetTimestamp();
        Exception?[] errors = ranks.ErrorsOf(rank =>
        {
            if (rank != 2) ranks.Join(rank).Dispose();
        });
        foreach (int rank in new[] { 0, 1, 3 }) Assert.Equal([2], Assert.IsType<CollectiveBrokenException>(errors[rank]).Lost);
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, RingWorld.Patient / 3);
    }

    [Fact]
    public void A_stranger_that_speaks_while_it_is_pushed_out_harms_nobody()
    {
        using var ranks = new RingWorld(2);
        var crowd = new Queue<Socket>(Enumerable.Range(0, 64).Select(_ => Connect(ranks.Listeners[1])));
        for (int i = 0; i < 500; i++)
        {
            // The listener may see both at once: a byte of the one that waits longest, and the one that takes its place.
            using Socket oldest = crowd.Dequeue();
            if (i % 2 == 0) oldest.Send([1]);
            crowd.Enqueue(Connect(ranks.Listeners[1]));
            if (i % 2 == 1) Record.Exception(() => oldest.Send([1]));
        }
        foreach (Socket socket in crowd) socket.Dispose();
        foreach (ICollective ring in ranks.Form()) ring.Dispose();
    }

    [Fact]
    public void Joining_can_be_given_up()
    {
        using var ranks = new RingWorld(2);
        using var cancel = new CancellationTokenSource(Short);
        long started = Stopwatch.GetTimestamp();
        Assert.ThrowsAny<OperationCanceledException>(() => ranks.Listeners[0].Join(ranks.Plan(0), RingWorld.Patient, RingWorld.Patient, cancel.Token));
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, RingWorld.Patient / 3);
    }

    [Fact]
    public void Generations_never_mix()
    {
        using var ranks = new RingWorld(2);
        ICollective[] first = ranks.Form(generation: 1);
        // Rank 0 is late by a generation when rank 1 goes on: its call waits in vain and is dropped.
        Exception?[] errors = ranks.ErrorsOf(rank => ranks.Join(rank, generation: rank == 0 ? 2 : 3, deadline: 2 * Short).Dispose());
        Assert.All(errors, e => Assert.IsType<CollectiveBrokenException>(e));
        ICollective[] second = ranks.Form(generation: 3);
        ranks.OnEach(rank => { first[rank].Barrier(); second[rank].Barrier(); return 0; });
        first[0].Abort();
        Assert.True(first[1].Broken.WaitHandle.WaitOne(RingWorld.Patient));
        ranks.OnEach(rank => { second[rank].Barrier(); return 0; });
        foreach (ICollective ring in first.Concat(second)) ring.Dispose();
    }

    [Fact]
    public void A_generation_can_be_joined_again_on_new_connections()
    {
        using var ranks = new RingWorld(3);
        ICollective[] first = ranks.Form();
        first[0].Abort();
        ICollective[] again = ranks.Form();
        ranks.OnEach(rank => { again[rank].Barrier(); return 0; });
        foreach (ICollective ring in first.Concat(again)) ring.Dispose();
    }

    [Fact]
    public void Another_incarnation_is_not_taken_for_the_member_of_the_plan()
    {
        using RingListener here = RingWorld.Listen("a#1"), there = RingWorld.Listen("b#2");
        var plan = new RingPlan(1, 1, 0, ["a#1", "b#1"], [RingWorld.At(here), RingWorld.At(there)]);
        var error = Assert.Throws<CollectiveBrokenException>(() => here.Join(plan, Short, RingWorld.Patient, TestContext.Current.CancellationToken));
        Assert.Equal([1], error.Lost);
        Assert.Contains("b#2", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Only_callers_without_the_secret_count_as_such()
    {
        using RingListener here = RingWorld.Listen("b#2"), foreign = RingWorld.Listen("foreign", "another secret");
        var plan = new RingPlan(1, 1, 0, ["a#1", "b#1"], [RingWorld.At(foreign), RingWorld.At(here)]);
        byte[] words = Handshake.Write(Hello.Of(plan, Purpose.Data));

        using (Socket meantForAnother = RingCaller.Call(RingWorld.At(here), Hello.Of(plan, Purpose.Data), "ring tests"u8.ToArray(), RingWorld.Patient))
            Assert.Contains("b#2", Handshake.ReadAnswer(meantForAnother.ReceiveFrame(Deadline.In(RingWorld.Patient))).Reason, StringComparison.Ordinal);
        using (Socket killed = Connect(here))
        {
            killed.Send(words);
            killed.ReceiveFrame(Deadline.In(RingWorld.Patient));
        }
        Assert.True(SpinWait.SpinUntil(() => here.Rejected == 2, RingWorld.Patient));
        Assert.Equal(0, here.Unproven);

        Assert.Throws<LoopedException>(() => foreign.Probe(RingWorld.At(here), RingWorld.Patient));
        using (Socket babbling = Connect(here)) babbling.Send([.. words[..20], .. new byte[words.Length - 20]]);
        Assert.True(SpinWait.SpinUntil(() => here.Rejected == 4, RingWorld.Patient));
        Assert.Equal(2, here.Unproven);
    }

    [Fact]
    public void Two_plans_of_one_number_form_no_ring()
    {
        using RingListener a = RingWorld.Listen("a"), b = RingWorld.Listen("b"), c = RingWorld.Listen("c");
        DnsEndPoint[] ends = [RingWorld.At(a), RingWorld.At(b)];
        var two = new RingPlan(1, 1, 0, ["a", "b"], ends);
        var three = new RingPlan(1, 1, 1, ["a", "b", "c"], [.. ends, RingWorld.At(c)]);
        var other = new Thread(() => Assert.Throws<CollectiveBrokenException>(() => b.Join(three, 2 * Short, RingWorld.Patient, CancellationToken.None)));
        other.Start();
        Assert.Throws<CollectiveBrokenException>(() => a.Join(two, Short, RingWorld.Patient, TestContext.Current.CancellationToken));
        other.Join();
    }

    [Fact]
    public void A_port_in_use_is_said_in_a_sentence()
    {
        using RingListener first = RingWorld.Listen("a");
        int port = first.EndPoint.Port;
        var error = Assert.Throws<LoopedException>(() => new RingListener(IPAddress.Loopback, port, port, "s"u8.ToArray(), "b"));
        Assert.Equal($"Port {port} of 127.0.0.1 is in use by another program; give a free one.", error.Message);
    }

    [Fact]
    public void It_listens_on_exactly_the_address_given()
    {
        using RingListener listener = RingWorld.Listen("a");
        Assert.Equal(IPAddress.Loopback, listener.EndPoint.Address);
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        Assert.Throws<SocketException>(() => socket.Connect("127.0.0.2", listener.EndPoint.Port));
    }

    [Fact]
    public void A_probe_finds_a_living_listener_and_says_when_there_is_none()
    {
        using RingListener a = RingWorld.Listen("a");
        RingListener b = RingWorld.Listen("b");
        DnsEndPoint there = RingWorld.At(b);
        a.Probe(there, RingWorld.Patient);
        Assert.Equal(0, b.Rejected);
        b.Dispose();
        Assert.Contains($"127.0.0.1:{there.Port}", Assert.Throws<LoopedException>(() => a.Probe(there, Short)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_probe_of_something_that_never_answers_ends_in_time()
    {
        using var mute = new TcpListener(IPAddress.Loopback, 0);
        mute.Start();
        using RingListener a = RingWorld.Listen("a");
        long started = Stopwatch.GetTimestamp();
        Assert.Throws<LoopedException>(() => a.Probe(new DnsEndPoint("127.0.0.1", ((IPEndPoint)mute.LocalEndpoint).Port), Short));
        Assert.InRange(Stopwatch.GetElapsedTime(started), Short / 2, RingWorld.Patient / 3);
    }
}
