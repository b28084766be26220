using System.Diagnostics;
using Looped.Actors.Collectives;
using Looped.Actors.Collectives.Ring;
using static TorchSharp.torch;

namespace Looped.Actors.Tests.Collectives;

/// <summary>What breaks a ring whose values go over connections, as between hosts.</summary>
public class RingFailureTests() : RingFailures(shareMemory: false);

/// <summary>The same where large values go through memory that ranks of one host share.</summary>
public class SharedFailureTests() : RingFailures(shareMemory: true)
{
    [Fact]
    public void A_rank_that_makes_a_small_call_while_others_share_memory_is_out_of_step()
    {
        using var ranks = new RingWorld(3, shareMemory: true);
        ICollective[] rings = ranks.Form();
        Exception?[] errors = ranks.ErrorsOf(rank => Reduce(rings[rank], rank == 0 ? 10 : 1_000_000));
        Assert.All(errors, e => Assert.IsType<CollectiveBrokenException>(e));
        Assert.Contains(errors, e => e!.Message.Contains("out of step", StringComparison.Ordinal));
        DisposeAll(rings);
    }

    [Fact]
    public void One_rank_that_does_not_want_to_share_is_enough_for_none_to_do_so()
    {
        using var ranks = new RingWorld(3, shareMemory: true);
        bool[] shared = ranks.OnEach(rank =>
        {
            using ICollective ring = ranks.Listeners[rank].Join(ranks.Plan(rank) with { ShareMemory = rank != 1 }, RingWorld.Patient, RingWorld.Patient, TestContext.Current.CancellationToken);
            Reduce(ring, 100_000);
            return ((RingCollective)ring).SharesMemory;
        });
        Assert.All(shared, Assert.False);
    }
}

public abstract class RingFailures(bool shareMemory)
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(1);

    /// <summary>An all-reduce that cannot end as long as one rank does not take part.</summary>
    protected static void Reduce(ICollective ring, int count)
    {
        using Tensor input = ones(count), output = zeros(count);
        ring.AllReduce(input, output, ReduceOperation.Sum);
    }

    /// <summary>All ranks but one are blocked in a call when something happens to the one; gives their errors, each within the time.</summary>
    private static CollectiveBrokenException[] ErrorsWhenBlocked(RingWorld ranks, ICollective[] rings, int count, int one, Action happens, TimeSpan within)
    {
        using var blocked = new CountdownEvent(rings.Length - 1);
        long moment = 0;
        Exception?[] errors = ranks.ErrorsOf(rank =>
        {
            if (rank == one)
            {
                blocked.Wait();
                Volatile.Write(ref moment, Stopwatch.GetTimestamp());
                happens();
                return;
            }
            using Tensor input = ones(count), output = zeros(count);
            blocked.Signal();
            try
            {
                rings[rank].AllReduce(input, output, ReduceOperation.Sum);
            }
            finally
            {
                while (Volatile.Read(ref moment) == 0) Thread.Yield();
                Assert.InRange(Stopwatch.GetElapsedTime(Volatile.Read(ref moment)), TimeSpan.Zero, within);
            }
        });
        Assert.Null(errors[one]);
        return [.. errors.Where((_, rank) => rank != one).Select(Assert.IsType<CollectiveBrokenException>)];
    }

    protected static void DisposeAll(ICollective[] rings)
    {
        foreach (ICollective ring in rings) ring.Dispose();
    }

    [Theory]
    [InlineData(10), InlineData(1_000_000)]
    public void An_abort_on_one_rank_unblocks_every_rank_and_blames_nobody(int count)
    {
        using var ranks = new RingWorld(5, shareMemory: shareMemory);
        ICollective[] rings = ranks.Form();
        var errors = ErrorsWhenBlocked(ranks, rings, count, 2, rings[2].Abort, Soon);
        Assert.All(errors, e => Assert.Contains("rank 2 (worker-2#1", e.Message, StringComparison.Ordinal));
        Assert.All(errors, e => Assert.Empty(e.Lost));
        Assert.All(rings, ring => Assert.True(ring.Broken.IsCancellationRequested));
        Assert.All(rings, ring => Assert.Throws<CollectiveBrokenException>(ring.Barrier));
        DisposeAll(rings);
    }

    [Theory]
    [InlineData(2, 10), InlineData(2, 1_000_000), InlineData(3, 1_000_000), InlineData(6, 10), InlineData(6, 1_000_000)]
    public void A_rank_that_dies_is_named_by_every_other_and_nobody_else_is(int world, int count)
    {
        using var ranks = new RingWorld(world, shareMemory: shareMemory);
        ICollective[] rings = ranks.Form();
        var errors = ErrorsWhenBlocked(ranks, rings, count, 1, ((RingCollective)rings[1]).Die, Soon);
        Assert.All(errors, e => Assert.Equal([1], e.Lost));
        Assert.All(rings.Where(ring => ring.Rank != 1), ring => Assert.Equal([1], ring.Lost));
        DisposeAll(rings);
    }

    [Fact]
    public void A_rank_that_dies_while_the_others_compute_is_noticed_without_a_call()
    {
        using var ranks = new RingWorld(4, shareMemory: shareMemory);
        ICollective[] rings = ranks.Form();
        ((RingCollective)rings[3]).Die();
        foreach (ICollective ring in rings[..3])
        {
            Assert.True(ring.Broken.WaitHandle.WaitOne(Soon));
            Assert.Equal([3], ring.Lost);
        }
        DisposeAll(rings);
    }

    [Fact]
    public void A_rank_that_falls_silent_is_lost_after_the_timeout()
    {
        TimeSpan timeout = TimeSpan.FromMilliseconds(400);
        using var ranks = new RingWorld(3, shareMemory: shareMemory);
        ICollective[] rings = ranks.Form(workerTimeout: timeout);
        long started = Stopwatch.GetTimestamp();
        var errors = ErrorsWhenBlocked(ranks, rings, 10, 1, ((RingCollective)rings[1]).Mute, 10 * Soon);
        Assert.True(Stopwatch.GetElapsedTime(started) >= timeout / 2);
        Assert.All(errors, e => Assert.Equal([1], e.Lost));
        Assert.All(errors, e => Assert.Contains("no sign of life", e.Message, StringComparison.Ordinal));
        DisposeAll(rings);
    }

    [Fact]
    public void A_rank_that_computes_longer_than_the_timeout_is_waited_for()
    {
        TimeSpan timeout = TimeSpan.FromMilliseconds(500);
        using var ranks = new RingWorld(3, shareMemory: shareMemory);
        ICollective[] rings = ranks.Form(workerTimeout: timeout);
        ranks.OnEach(rank =>
        {
            if (rank == 1)
            {
                rings[rank].Beat(0, RankPulse.Computing);
                Thread.Sleep(3 * timeout);
                rings[rank].Beat(1, RankPulse.Waiting);
            }
            Reduce(rings[rank], 100_000);
            return 0;
        });
        DisposeAll(rings);
    }

    [Fact]
    public void A_rank_that_says_goodbye_alarms_nobody_but_one_that_still_waits_for_it()
    {
        using var ranks = new RingWorld(3, shareMemory: shareMemory);
        ICollective[] rings = ranks.Form();
        rings[0].Dispose();
        Exception?[] errors = ranks.ErrorsOf(rank =>
        {
            if (rank == 1) Reduce(rings[1], 10);
            if (rank == 2) Reduce(rings[2], 10);
        });
        Assert.All(errors[1..], e => Assert.Empty(Assert.IsType<CollectiveBrokenException>(e).Lost));

        ICollective[] next = ranks.Form(generation: 2);
        next[0].Dispose();
        Assert.False(next[1].Broken.WaitHandle.WaitOne(300));
        Assert.False(next[2].Broken.IsCancellationRequested);
        DisposeAll([.. rings, .. next]);
    }

    [Fact]
    public void Ranks_that_make_different_calls_are_told_so()
    {
        using var ranks = new RingWorld(2, shareMemory: shareMemory);
        ICollective[] rings = ranks.Form();
        Exception?[] errors = ranks.ErrorsOf(rank => Reduce(rings[rank], rank == 0 ? 1000 : 1001));
        Assert.All(errors, e => Assert.Contains("out of step", Assert.IsType<CollectiveBrokenException>(e).Message, StringComparison.Ordinal));
        Assert.All(rings, ring => Assert.Empty(ring.Lost));
        DisposeAll(rings);
    }

    [Fact]
    public void Slices_that_wait_fail_when_a_rank_dies()
    {
        using var ranks = new RingWorld(3, shareMemory: shareMemory);
        ICollective[] rings = ranks.Form();
        Exception?[] errors = ranks.ErrorsOf(rank =>
        {
            using Tensor input = ones(200_000), output = zeros(200_000);
            var ring = (RingCollective)rings[rank];
            if (rank == 0) ring.Die();
            else
            {
                for (int i = 0; i < 4; i++) ring.Enqueue(input, output, i * 50_000, 50_000, ReduceOperation.Sum);
                ring.WaitAll();
            }
        });
        Assert.All(errors[1..], e => Assert.Equal([0], Assert.IsType<CollectiveBrokenException>(e).Lost));
        DisposeAll(rings);
    }
}
