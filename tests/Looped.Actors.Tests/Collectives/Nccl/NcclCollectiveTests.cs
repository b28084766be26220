using Looped.Actors.Collectives;
using Looped.Models;
using static TorchSharp.torch;

namespace Looped.Actors.Tests.Collectives.Nccl;

/// <summary>What comes out between ranks on the fake fabric, and which calls it took.</summary>
[Collection(FakeNcclCollection.Name)]
public class NcclCollectiveTests
{
    [Theory]
    [InlineData(ScalarType.Int64, ReduceOperation.Sum)]
    [InlineData(ScalarType.Int64, ReduceOperation.Max)]
    [InlineData(ScalarType.Int32, ReduceOperation.Sum)]
    [InlineData(ScalarType.Int32, ReduceOperation.Max)]
    [InlineData(ScalarType.Float32, ReduceOperation.Sum)]
    [InlineData(ScalarType.BFloat16, ReduceOperation.Sum)]
    public void Every_rank_gets_the_reduction_and_keeps_its_input(ScalarType type, ReduceOperation operation)
    {
        var world = new NcclWorld(3);
        world.RunWell(collective =>
        {
            int rank = collective.Rank;
            for (int step = 0; step < 3; step++)
            {
                using var scope = NewDisposeScope();
                Tensor input = arange(5, dtype: type) * (rank + 1) - step, kept = input.clone(), output = zeros_like(input);
                collective.AllReduce(input, output, operation);
                Tensor expected = arange(5, dtype: type) * (operation == ReduceOperation.Sum ? 6 : 3) - step * (operation == ReduceOperation.Sum ? 3 : 1);
                Assert.True(expected.equal(output).all().item<bool>(), $"rank {rank}, step {step}: {string.Join(" ", output.to(ScalarType.Float32).data<float>().ToArray())}");
                Assert.True(kept.equal(input).all().item<bool>());
            }
        });
        Assert.Equal(0, world.Fabric.Leaks);
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float64)]
    [InlineData(ScalarType.Bool)]
    public void A_broadcast_copies_the_bytes_of_the_root_whatever_their_type(ScalarType type)
    {
        new NcclWorld(3).RunWell(collective =>
        {
            using Tensor buffer = (arange(4) + 10 * collective.Rank).to(type), expected = (arange(4) + 20).to(type);
            collective.Broadcast(buffer, root: 2);
            Assert.True(expected.equal(buffer).all().item<bool>());
        });
    }

    [Fact]
    public void The_id_made_by_rank_0_reaches_every_rank_whole_and_is_new_for_each_generation()
    {
        // The fabric notes an id that nobody made, one used twice, and the arguments around it.
        var world = new NcclWorld(3);
        world.RunWell(_ => { });
        string first = Assert.Single(world.Fabric.Ids);
        Assert.Equal(["init 0 of 3", "init 1 of 3", "init 2 of 3"], world.Fabric.Log.Where(l => l.StartsWith("init", StringComparison.Ordinal)).Order());

        var next = new NcclWorld(3);
        next.RunWell(_ => { });
        Assert.NotEqual(first, Assert.Single(next.Fabric.Ids));
    }

    [Fact]
    public void A_communicator_is_used_by_one_thread_in_order_and_aborted_once_at_the_end()
    {
        var world = new NcclWorld(1);
        world.RunWell(collective =>
        {
            using Tensor input = ones(3), output = zeros(3);
            collective.AllReduce(input, output, ReduceOperation.Sum);
            collective.Broadcast(output, 0);
            collective.Barrier();
        });
        Assert.Equal(["init 0 of 1", "all-reduce 0", "broadcast 0", "abort 0"], world.Fabric.Log);
    }

    [Fact]
    public void A_call_in_progress_is_polled_until_it_is_settled()
    {
        var world = new NcclWorld { Fabric = { PollsUntilSettled = 40 } };
        world.RunWell(collective =>
        {
            using Tensor input = ones(3), output = zeros(3);
            collective.AllReduce(input, output, ReduceOperation.Sum);
            Assert.Equal(2, output[0].item<float>());
        });
        Assert.True(world.Fabric.Polls >= 2 * 2 * 40, $"{world.Fabric.Polls} polls");
    }

    [Fact]
    public void Tensors_in_host_memory_go_to_the_inner_collective()
    {
        var world = new NcclWorld();
        world.Options = world.Options with { AddressOf = _ => null };
        world.RunWell(collective =>
        {
            using Tensor input = ones(3, ScalarType.Int64), output = zeros_like(input), buffer = input * collective.Rank;
            collective.AllReduce(input, output, ReduceOperation.Sum);
            collective.Broadcast(buffer, 1);
            Assert.Equal((2L, 1L), (output[0].item<long>(), buffer[0].item<long>()));
        });
        Assert.DoesNotContain(world.Fabric.Log, l => l.StartsWith("all-reduce", StringComparison.Ordinal));
    }

    [Fact]
    public void Ranks_with_different_versions_all_say_who_has_which()
    {
        Exception?[] failures = new NcclWorld(3).Run(_ => { }, rank => rank == 1 ? 22809 : 22705);
        Assert.All(failures, failure => Assert.Equal(
            "The ranks have different versions of NCCL, which cannot talk to each other: 2.27.5 on rank 0, 2; 2.28.9 on rank 1. Install the same version on every node.",
            Assert.IsType<LoopedException>(failure).Message));
    }

    [Fact]
    public void What_NCCL_cannot_reduce_is_refused_and_breaks_nothing()
    {
        var world = new NcclWorld(1);
        world.RunWell(collective =>
        {
            using Tensor half = zeros(4, ScalarType.Float64), floats = zeros(4), matrix = zeros(4, 4), columns = matrix.t(), longer = zeros(5);
            Assert.Throws<ArgumentException>(() => collective.AllReduce(half, half, ReduceOperation.Sum));
            Assert.Throws<ArgumentException>(() => collective.AllReduce(floats, floats, ReduceOperation.Max));
            Assert.Throws<ArgumentException>(() => collective.AllReduce(floats, longer, ReduceOperation.Sum));
            Assert.Throws<ArgumentException>(() => collective.AllReduce(columns, columns, ReduceOperation.Sum));
            Assert.Throws<ArgumentException>(() => collective.Broadcast(columns, 0));
            collective.AllReduce(floats, floats, ReduceOperation.Sum);
            Assert.False(collective.Broken.IsCancellationRequested);
        });
    }
}
