using Looped.Actors.Collectives;
using Looped.Actors.Supervision;
using Looped.Actors.Tests.Collectives.Nccl;
using Looped.Actors.Training;
using static TorchSharp.torch;

namespace Looped.Actors.Tests.Collectives;

public class StagedCollectiveTests
{
    private static readonly GenerationPlan Plan = new(Generation.Even(1, 1, ["a", "b", "c"], 3), ["", "", ""], null, -1, null, null, Restore: false);

    private static Tensor Mine(int rank) => arange(5, ScalarType.Int64) + 10 * rank;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Sums_and_copies_are_those_of_the_inner_collective_and_inputs_stay(bool staged)
    {
        var hub = new Hub(3);
        long[][] results = OnEach(3, rank =>
        {
            using var collective = new StagedCollective(new HubCollective(hub, rank), _ => staged);
            using var scope = NewDisposeScope();
            Tensor input = Mine(rank), output = zeros_like(input), copied = Mine(rank);
            collective.AllReduce(input, output, ReduceOperation.Sum);
            collective.Broadcast(copied, 2);
            collective.Barrier();
            Assert.Equal(Mine(rank).data<long>().ToArray(), input.data<long>().ToArray());
            return (long[])[.. output.data<long>(), .. copied.data<long>()];
        });
        Assert.All(results, r => Assert.Equal([30, 33, 36, 39, 42, 20, 21, 22, 23, 24], r));
    }

    [Theory]
    [InlineData(new long[] { 7, 8, 9 }, false)]
    [InlineData(new long[] { 7, 8, 7 }, true)]
    public void Ranks_that_share_a_GPU_do_without_NCCL_all_of_them(long[] gpus, bool shared)
    {
        var hub = new Hub(3);
        bool[] staged = OnEach(3, rank =>
        {
            var network = new NcclNetwork(new HubNetwork(hub), gpus[rank], inner => inner);
            ICollective collective = network.Join(Plan, rank, TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
            collective.Barrier();
            return collective is StagedCollective;
        });
        Assert.All(staged, s => Assert.Equal(shared, s));
    }

    private static T[] OnEach<T>(int world, Func<int, T> act)
    {
        Task<T>[] ranks = [.. Enumerable.Range(0, world).Select(rank => Task.Factory.StartNew(() => act(rank), TestContext.Current.CancellationToken,
            TaskCreationOptions.LongRunning, TaskScheduler.Default))];
        return Task.WhenAll(ranks).GetAwaiter().GetResult();
    }

    private sealed class HubNetwork(Hub hub) : IGenerationNetwork
    {
        public string Endpoint => "";

        public ICollective Join(GenerationPlan plan, int rank, TimeSpan deadline, CancellationToken cancellation) => new HubCollective(hub, rank);
    }
}
