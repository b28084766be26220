using Looped.Actors.Collectives;
using Looped.Actors.Collectives.Nccl;
using static TorchSharp.torch;

namespace Looped.Actors.Tests.Collectives.Nccl;

/// <summary>The fake fabric with the real control plane: rings over loopback.</summary>
[Collection(FakeNcclCollection.Name)]
public class NcclOverRingTests
{
    private static NcclCollective Over(ICollective ring) => new(NcclLibrary.Of(FakeNccl.Nccl, new NcclVersion(22705)), FakeNccl.Cuda, ring, new NcclOptions
    {
        // What is one element long stays in host memory.
        AddressOf = tensor => tensor.numel() > 1 ? DeviceMemory.FirstElement(tensor) : null,
        ExitProcess = reason => throw new InvalidOperationException(reason),
    });

    private static long[] Sum(NcclCollective collective, int elements)
    {
        using Tensor input = arange(elements, ScalarType.Int64) + collective.Rank, output = zeros_like(input);
        collective.AllReduce(input, output, ReduceOperation.Sum);
        return output.data<long>().ToArray();
    }

    [Fact]
    public void Generations_follow_one_another_and_both_planes_reduce()
    {
        FakeNccl.Fabric = new FakeFabric();
        using var world = new RingWorld(3);
        for (long generation = 1; generation <= 2; generation++)
        {
            long number = generation;
            long[][] sums = world.OnEach(rank =>
            {
                using NcclCollective collective = Over(world.Join(rank, number));
                long[] device = Sum(collective, 4), host = Sum(collective, 1);
                collective.Barrier();
                return (long[])[.. device, .. host];
            });
            Assert.All(sums, sum => Assert.Equal([3, 6, 9, 12, 3], sum));
        }
        Assert.Equal(2, FakeNccl.Fabric.Ids.Length);
        Assert.Empty(FakeNccl.Fabric.Breaches);
    }

    [Fact]
    public void A_worker_that_dies_in_a_device_collective_is_named_to_the_others()
    {
        FakeNccl.Fabric = new FakeFabric { CollectivesHang = true };
        using var world = new RingWorld(3);
        Exception?[] errors = world.ErrorsOf(rank =>
        {
            var ring = (Actors.Collectives.Ring.RingCollective)world.Join(rank);
            using NcclCollective collective = Over(ring);
            if (rank == 1)
            {
                ring.Die();
                return;
            }
            Sum(collective, 4);
        });
        Assert.Null(errors[1]);
        Assert.All([errors[0], errors[2]], error => Assert.Equal([1], Assert.IsType<CollectiveBrokenException>(error).Lost));
        Assert.Empty(FakeNccl.Fabric.Breaches);
    }
}
