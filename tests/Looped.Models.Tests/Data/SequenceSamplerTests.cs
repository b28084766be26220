using CsCheck;
using Looped.Models.Data;
using Looped.Models.Randomness;

namespace Looped.Models.Tests.Data;

public class SequenceSamplerTests
{
    [Fact]
    public void The_permutation_is_a_bijection_for_every_size_and_key() =>
        Gen.Select(Gen.Int[1, 3000], Gen.Long).Sample((n, key) =>
        {
            var permutation = new SequencePermutation(n, RandomStream.Create(key, "test"));
            return Enumerable.Range(0, n).Select(i => permutation[i]).Order().SequenceEqual(Enumerable.Range(0, n).Select(i => (long)i));
        }, iter: 200);

    [Fact]
    public void The_permutation_of_a_huge_set_stays_within_it()
    {
        const long n = (1L << 40) + 12345;
        var permutation = new SequencePermutation(n, RandomStream.Create(1, "test"));
        long[] values = [.. Enumerable.Range(0, 1000).Select(i => permutation[n - 1000 + i])];
        Assert.All(values, v => Assert.InRange(v, 0, n - 1));
        Assert.Equal(1000, values.Distinct().Count());
    }

    [Fact]
    public void Every_place_is_equally_likely()
    {
        const int n = 5, trials = 20_000;
        var counts = new int[n, n];
        for (int trial = 0; trial < trials; trial++)
        {
            var permutation = new SequencePermutation(n, RandomStream.Create(trial, "test"));
            for (int i = 0; i < n; i++) counts[i, permutation[i]]++;
        }
        // A count is binomial with mean 4000 and standard deviation 57; six of them over 25 cells is one chance in 10^7.
        foreach (int count in counts) Assert.InRange(count, 4000 - 340, 4000 + 340);
    }

    [Fact]
    public void Every_epoch_visits_each_sequence_once_under_any_grouping() =>
        Gen.Select(Gen.Int[1, 200], Gen.Int[1, 8], Gen.Int[1, 6], Gen.Long).Sample((n, micro, batches, seed) =>
        {
            var sampler = new SequenceSampler(n, seed, micro * batches, micro);
            long steps = (3L * n + micro * batches - 1) / (micro * batches);
            long[] stream = [.. Enumerable.Range(0, (int)steps).SelectMany(step =>
                Enumerable.Range(0, batches).SelectMany(batch => sampler.Indices(step, batch)))];
            return stream.Chunk(n).Take(3).All(epoch => epoch.Order().SequenceEqual(Enumerable.Range(0, n).Select(i => (long)i)));
        }, iter: 100);

    [Fact]
    public void The_order_does_not_depend_on_how_a_step_is_cut()
    {
        var coarse = new SequenceSampler(1000, 7, 12, 12);
        var fine = new SequenceSampler(1000, 7, 12, 3);
        Assert.Equal(coarse.Indices(5, 0), Enumerable.Range(0, 4).SelectMany(m => fine.Indices(5, m)));
    }

    [Fact]
    public void Seeds_and_epochs_have_orders_of_their_own()
    {
        long[] Epoch(long seed, long epoch) => new SequenceSampler(100, seed, 100, 100).Indices(epoch, 0);
        Assert.Equal(Epoch(1, 0), Epoch(1, 0));
        Assert.NotEqual(Epoch(1, 0), Epoch(1, 1));
        Assert.NotEqual(Epoch(1, 0), Epoch(2, 0));
    }

    [Fact]
    public void The_order_of_a_seed_never_changes() =>
        // Written down when it was first computed: a change would silently break resuming of runs made before it.
        Assert.Equal(Pinned, new SequenceSampler(1000, 1337, 5, 5).Indices(0, 0));

    private static readonly long[] Pinned = [651, 372, 652, 636, 103];
}
