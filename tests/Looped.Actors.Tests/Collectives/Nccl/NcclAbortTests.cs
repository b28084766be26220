using System.Diagnostics;
using Looped.Actors.Collectives;
using Looped.Actors.Collectives.Nccl;
using static TorchSharp.torch;

namespace Looped.Actors.Tests.Collectives.Nccl;

/// <summary>What happens when NCCL or a peer does not answer. A hang costs the test its 30 seconds and fails it.</summary>
[Collection(FakeNcclCollection.Name)]
public class NcclAbortTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(2), Bound = TimeSpan.FromSeconds(30);

    private static CollectiveBrokenException Broken(Exception? failure) => Assert.IsType<CollectiveBrokenException>(failure);

    private static void Sum(ICollective collective)
    {
        using Tensor input = ones(3), output = zeros(3);
        collective.AllReduce(input, output, ReduceOperation.Sum);
    }

    [Fact]
    public void A_peer_lost_during_initialisation_ends_it_at_once()
    {
        var world = new NcclWorld { Fabric = { InitialisationHangs = true } };
        long lost = 0;
        var killer = new Thread(() =>
        {
            SpinWait.SpinUntil(() => world.Fabric.Log.Length == 2, Bound);
            lost = Stopwatch.GetTimestamp();
            world.Hub.Lose(1);
        });
        killer.Start();
        Exception?[] failures = world.Run(_ => { });
        Assert.True(Stopwatch.GetElapsedTime(lost) < Soon);
        Assert.All(failures, failure => Assert.Contains("initialisation of rank", Broken(failure).Message, StringComparison.Ordinal));
        Assert.All(failures, failure => Assert.Equal([1], Broken(failure).Lost));
        Assert.Equal(["abort 0", "abort 1"], world.Fabric.Log.Where(l => l.StartsWith("abort", StringComparison.Ordinal)).Order());
        Assert.Equal(0, world.Fabric.Leaks);
    }

    [Fact]
    public void Ranks_that_do_not_find_each_other_give_up_at_the_deadline()
    {
        var world = new NcclWorld { Fabric = { InitialisationHangs = true } };
        world.Options = world.Options with { InitialiseWithin = TimeSpan.FromMilliseconds(50) };
        Assert.Contains(world.Run(_ => { }), failure => Broken(failure).Message.Contains("did not complete within 0.05 s", StringComparison.Ordinal));
        Assert.True(world.Hub.Broken.IsCancellationRequested);
    }

    [Fact]
    public void An_abort_from_outside_ends_a_hanging_all_reduce_on_every_rank_and_leaves_the_inputs()
    {
        var world = new NcclWorld { Fabric = { CollectivesHang = true } };
        long aborted = 0;
        Exception?[] failures = world.Run(collective =>
        {
            if (collective.Rank == 1)
                new Thread(() =>
                {
                    world.Fabric.Started.Wait(Bound);
                    aborted = Stopwatch.GetTimestamp();
                    collective.Abort();
                }).Start();
            using Tensor input = ones(3), output = zeros(3);
            var failure = Assert.Throws<CollectiveBrokenException>(() => collective.AllReduce(input, output, ReduceOperation.Sum));
            Assert.Equal([1f, 1f, 1f], input.data<float>().ToArray());
            // The communicator is gone before the exception arrives, and later calls fail too.
            Assert.Contains($"abort {collective.Rank}", world.Fabric.Log);
            Assert.Throws<CollectiveBrokenException>(() => Sum(collective));
            throw failure;
        });
        Assert.True(Stopwatch.GetElapsedTime(aborted) < Soon);
        Assert.All(failures, failure => Broken(failure));
    }

    [Fact]
    public void A_rank_that_is_busy_elsewhere_frees_its_communicator_as_soon_as_a_peer_is_lost()
    {
        var world = new NcclWorld();
        world.RunWell(collective =>
        {
            collective.Barrier();
            if (collective.Rank == 0) world.Hub.Lose(1);
            // No call is made; both communicators end all the same.
            Assert.True(world.Fabric.Aborted.Wait(Bound, TestContext.Current.CancellationToken));
            Assert.Equal([1], collective.Lost);
            Assert.True(collective.Broken.IsCancellationRequested);
        });
    }

    [Fact]
    public void A_hang_of_NCCL_among_ranks_that_are_all_alive_ends_at_the_deadline()
    {
        var world = new NcclWorld { Fabric = { CollectivesHang = true } };
        world.Options = world.Options with { CompleteWithin = TimeSpan.FromMilliseconds(50) };
        Exception?[] failures = world.Run(Sum);
        Assert.All(failures, failure => Broken(failure));
        Assert.Contains(failures, failure => failure!.Message.Contains("all-reduce of rank", StringComparison.Ordinal)
            && failure.Message.Contains("did not complete within 0.05 s", StringComparison.Ordinal));
    }

    [Fact]
    public void A_failure_inside_NCCL_is_told_in_its_own_words_and_to_every_rank()
    {
        var world = new NcclWorld { Fabric = { CollectivesFailWith = NcclResult.RemoteError } };
        Exception?[] failures = world.Run(Sum);
        Assert.All(failures, failure => Broken(failure));
        Assert.Contains(failures, failure => failure!.Message.Contains(
            "failed: something went wrong (RemoteError): socketProgress: connection closed by remote peer node7<5000>", StringComparison.Ordinal));
        Assert.Equal(["abort 0", "abort 1"], world.Fabric.Log.Where(l => l.StartsWith("abort", StringComparison.Ordinal)).Order());
    }

    [Fact]
    public void A_failure_of_CUDA_carries_its_number()
    {
        var world = new NcclWorld(1) { Fabric = { EventRecordError = 700 } };
        Assert.Contains("something went wrong (cudaError 700)", Broken(Assert.Single(world.Run(Sum))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_abort_that_does_not_return_gives_the_process_up()
    {
        var world = new NcclWorld(1) { Fabric = { CollectivesHang = true } };
        using var exit = new ManualResetEventSlim();
        string? reason = null;
        world.Options = world.Options with
        {
            AbortWithin = TimeSpan.FromMilliseconds(50),
            ExitProcess = why =>
            {
                reason = why;
                exit.Set();
                world.Fabric.AbortGate.Set();
            },
        };
        world.Fabric.AbortGate.Reset();
        Broken(Assert.Single(world.Run(collective =>
        {
            new Thread(() =>
            {
                world.Fabric.Started.Wait(Bound);
                collective.Abort();
            }).Start();
            Sum(collective);
        })));
        Assert.True(exit.IsSet);
        Assert.StartsWith("ncclCommAbort did not return on rank 0 within 0.05 s", reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_communicator_that_ends_well_may_wait_for_its_peers_and_does_not_end_the_process()
    {
        var world = new NcclWorld(1);
        world.Options = world.Options with { AbortWithin = TimeSpan.FromMilliseconds(50), ExitProcess = reason => Assert.Fail(reason) };
        NcclCollective collective = world.Join(0);
        world.Fabric.AbortGate.Reset();
        collective.Dispose();
        Assert.Equal(3, world.Fabric.Leaks);
        world.Fabric.AbortGate.Set();
        Assert.True(world.Fabric.Aborted.Wait(Bound, TestContext.Current.CancellationToken));
        Assert.True(SpinWait.SpinUntil(() => world.Fabric.Leaks == 0, Bound));
    }

    [Fact]
    public void Leaving_twice_and_after_a_failure_is_harmless()
    {
        var world = new NcclWorld(1);
        NcclCollective collective = world.Join(0);
        collective.Abort();
        Assert.True(world.Fabric.Aborted.Wait(Bound, TestContext.Current.CancellationToken));
        Assert.Throws<CollectiveBrokenException>(() => Sum(collective));
        collective.Dispose();
        collective.Dispose();
        Assert.Single(world.Fabric.Log, "abort 0");
        Assert.Empty(world.Fabric.Breaches);
    }
}
