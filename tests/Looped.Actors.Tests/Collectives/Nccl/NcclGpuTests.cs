using Looped.Actors.Collectives;
using Looped.Actors.Collectives.Nccl;
using Looped.Models;
using static TorchSharp.torch;

namespace Looped.Actors.Tests.Collectives.Nccl;

/// <summary>The same collective on real GPUs with a real NCCL; see docs/gpus.md for what has run where.</summary>
[Collection(FakeNcclCollection.Name)]
public class NcclGpuTests
{
    private const string NeedsOne = "needs a GPU that LibTorch can use (build with -p:TorchBackend=cuda) and NCCL 2.18 or later";
    private const string NeedsTwo = "needs two GPUs that LibTorch can use (build with -p:TorchBackend=cuda) and NCCL 2.18 or later";

    public static bool HasOne => Gpus >= 1;

    public static bool HasTwo => Gpus >= 2;

    private static int Gpus { get; } = Count();

    private static int Count()
    {
        if (!cuda.is_available()) return 0;
        try
        {
            NcclLibrary.Load();
            return cuda.device_count();
        }
        catch (LoopedException)
        {
            return 0;
        }
    }

    private static NcclCollective Join(ICollective inner, int device = 0) =>
        new(NcclLibrary.Load(), inner, new NcclOptions { Device = device, InitialiseWithin = TimeSpan.FromSeconds(60) });

    private static void Check(NcclCollective collective, int device, int elements = 100_003)
    {
        int world = collective.WorldSize;
        foreach (ScalarType type in new[] { ScalarType.Int64, ScalarType.Int32, ScalarType.Float32, ScalarType.BFloat16 })
        {
            using var scope = NewDisposeScope();
            Tensor input = (arange(elements, device: $"cuda:{device}") % 64).to(type) * (collective.Rank + 1), output = zeros_like(input);
            collective.AllReduce(input, output, ReduceOperation.Sum);
            Tensor expected = (arange(elements) % 64).to(type) * (world * (world + 1) / 2);
            Assert.True(expected.equal(output.cpu()).all().item<bool>(), $"{type} on rank {collective.Rank}");
        }
        using Tensor buffer = full(elements, collective.Rank + 7L, device: $"cuda:{device}");
        collective.Broadcast(buffer, world - 1);
        Assert.Equal(world + 6L, buffer[elements - 1].item<long>());
    }

    [Fact(Skip = NeedsOne, SkipUnless = nameof(HasOne))]
    public void One_GPU_reduces_behind_long_work_of_LibTorch()
    {
        using NcclCollective collective = Join(new SoloCollective());
        using Tensor matrix = eye(4096, device: "cuda:0"), output = zeros_like(matrix);
        Tensor product = matrix.clone();
        for (int i = 0; i < 50; i++)
        {
            Tensor next = product.matmul(matrix);
            product.Dispose();
            product = next;
        }
        collective.AllReduce(product, output, ReduceOperation.Sum);
        Assert.Equal(4096f, output.sum().item<float>());
        product.Dispose();
        Check(collective, 0);
    }

    [Fact(Skip = NeedsOne, SkipUnless = nameof(HasOne))]
    public void Thirty_generations_follow_one_another_on_one_GPU()
    {
        for (int generation = 0; generation < 30; generation++)
        {
            using NcclCollective collective = Join(new SoloCollective());
            Check(collective, 0, elements: 1000);
        }
    }

    [Fact(Skip = NeedsOne, SkipUnless = nameof(HasOne))]
    public void A_rank_that_waits_alone_for_its_peer_can_be_aborted_and_the_GPU_serves_again()
    {
        var hub = new Hub(2);
        var peer = new Thread(() =>
        {
            // Takes part in the control plane as far as the id, and then is gone.
            var control = new HubCollective(hub, 1);
            using Tensor versions = from_array(new[] { 0, NcclLibrary.Load().Version.Code }), output = zeros_like(versions), id = zeros(16, ScalarType.Int64);
            control.AllReduce(versions, output, ReduceOperation.Max);
            control.Broadcast(id, 0);
            Thread.Sleep(1000);
            hub.Lose(1);
        });
        peer.Start();
        Assert.Throws<CollectiveBrokenException>(() => Join(new HubCollective(hub, 0)));
        peer.Join();
        using NcclCollective collective = Join(new SoloCollective());
        Check(collective, 0);
    }

    [Fact(Skip = NeedsTwo, SkipUnless = nameof(HasTwo))]
    public void Two_GPUs_of_one_process_reduce_together()
    {
        var hub = new Hub(2);
        var failures = new Exception?[2];
        Thread[] threads = [.. Enumerable.Range(0, 2).Select(rank => new Thread(() =>
        {
            try
            {
                using NcclCollective collective = Join(new HubCollective(hub, rank), rank);
                Check(collective, rank);
                collective.Barrier();
            }
#pragma warning disable CA1031 // The test looks at it.
            catch (Exception failure)
            {
                failures[rank] = failure;
            }
#pragma warning restore CA1031
        }))];
        foreach (Thread thread in threads) thread.Start();
        foreach (Thread thread in threads) thread.Join();
        Assert.All(failures, Assert.Null);
    }
}
