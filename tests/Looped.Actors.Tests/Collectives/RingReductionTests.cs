using CsCheck;
using Looped.Actors.Collectives;
using Looped.Actors.Collectives.Ring;
using static TorchSharp.torch;

namespace Looped.Actors.Tests.Collectives;

/// <summary>The laws of reductions over connections, as between hosts.</summary>
public class RingReductionTests() : ReductionLaws(shareMemory: false);

/// <summary>The same through memory that ranks of one host share.</summary>
public class SharedReductionTests() : ReductionLaws(shareMemory: true);

public abstract class ReductionLaws(bool shareMemory)
{
    private static long Value(int rank, long index) => unchecked((index + 1) * 0x9E3779B97F4A7C15L.GetHashCode() * (rank + 3) - index * index);

    private static Tensor Longs(int rank, long count) => tensor([.. Enumerable.Range(0, (int)count).Select(i => Value(rank, i))], dtype: ScalarType.Int64);

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8), InlineData(9)]
    public void Every_rank_of_every_world_gets_the_exact_sum_and_the_largest_of_any_length(int world)
    {
        using var ranks = new RingWorld(world, shareMemory: shareMemory);
        long[] lengths = [0, 1, 2, world - 1, world + 1, 1000, 8191, 300_007];
        ranks.Run(ring =>
        {
            foreach (long length in lengths)
            {
                Tensor input = Longs(ring.Rank, length), before = input.clone();
                Tensor sum = full(length, -1, dtype: ScalarType.Int64), max = sum.clone();
                ring.AllReduce(input, sum, ReduceOperation.Sum);
                ring.AllReduce(input, max, ReduceOperation.Max);
                Tensor[] all = [.. Enumerable.Range(0, world).Select(rank => Longs(rank, length))];
                Assert.Equal(all.Aggregate((a, b) => a + b).data<long>().ToArray(), sum.data<long>().ToArray());
                Assert.Equal(all.Aggregate(maximum).data<long>().ToArray(), max.data<long>().ToArray());
                Assert.True(input.equal(before).all().item<bool>());
            }
            Assert.Equal(shareMemory && world > 1, ring is RingCollective { SharesMemory: true });
            return 0;
        });
    }

    [Fact]
    public void Sums_of_any_lengths_in_any_order_of_calls_are_exact()
    {
        using var ranks = new RingWorld(3, shareMemory: shareMemory);
        ICollective[] rings = ranks.Form();
        Gen.OneOf(Gen.Long[0, 40], Gen.Long[2000, 2100], Gen.Long[0, 200_000]).Array[1, 4].Sample(lengths => ranks.OnEach(rank =>
        {
            using var scope = NewDisposeScope();
            foreach (long length in lengths)
            {
                Tensor input = arange(length, dtype: ScalarType.Int32) * (rank + 1), output = empty_like(input);
                rings[rank].AllReduce(input, output, ReduceOperation.Sum);
                Assert.Equal((arange(length, dtype: ScalarType.Int32) * 6).data<int>().ToArray(), output.data<int>().ToArray());
            }
            return 0;
        }), iter: 25, threads: 1);
        foreach (ICollective ring in rings) ring.Dispose();
    }

    [Theory]
    [InlineData(1), InlineData(2), InlineData(3), InlineData(4), InlineData(5), InlineData(6), InlineData(7), InlineData(8), InlineData(9)]
    public void Float_sums_of_every_world_and_any_length_are_those_of_the_ring_s_order(int world)
    {
        int[] lengths = [0, 1, world - 1, world + 1, 1003, 200_003];
        float[][][] inputs = [.. lengths.Select(length => Enumerable.Range(0, world).Select(rank => Floats(rank, length)).ToArray())];
        float[][] expected = [.. inputs.Select(InRingOrder)];
        using var ranks = new RingWorld(world, shareMemory: shareMemory);
        ranks.Run(ring =>
        {
            foreach ((int k, int length) in lengths.Index())
            {
                Tensor output = zeros(length), max = zeros(length);
                ring.AllReduce(tensor(inputs[k][ring.Rank]), output, ReduceOperation.Sum);
                ring.AllReduce(tensor(inputs[k][ring.Rank]), max, ReduceOperation.Max);
                Assert.Equal(expected[k], output.data<float>().ToArray());
                Assert.Equal(Enumerable.Range(0, length).Select(i => inputs[k].Max(x => x[i])), max.data<float>().ToArray());
            }
            return 0;
        });
    }

    /// <summary>Segment s of as many as there are ranks is added up from rank s on, around the ring.</summary>
    private static float[] InRingOrder(float[][] inputs)
    {
        int world = inputs.Length, length = inputs[0].Length;
        float[] sum = new float[length];
        for (int segment = 0; segment < world; segment++)
            for (long i = (long)length * segment / world; i < (long)length * (segment + 1) / world; i++)
                sum[i] = Enumerable.Range(segment, world).Select(r => inputs[r % world][i]).Aggregate((a, b) => a + b);
        return sum;
    }

    [Fact]
    public void Double_sums_are_reduced_too()
    {
        using var ranks = new RingWorld(2, shareMemory: shareMemory);
        ranks.Run(ring =>
        {
            Tensor output = zeros(5, ScalarType.Float64);
            ring.AllReduce(full(5, ring.Rank + 0.25, dtype: ScalarType.Float64), output, ReduceOperation.Sum);
            Assert.Equal([1.5, 1.5, 1.5, 1.5, 1.5], output.data<double>().ToArray());
            return 0;
        });
    }

    [Fact]
    public void Bfloat16_is_added_in_float32_and_rounded_to_the_nearest_even()
    {
        // Two ranks: one rounding, which LibTorch's own conversion does as well.
        float[] a = [.. Floats(0, 5000), 1f, 1f, 3e38f, float.NaN, float.PositiveInfinity, float.NegativeInfinity];
        float[] b = [.. Floats(1, 5000), 0.00390625f, 0.01171875f, 3e38f, 1f, float.NegativeInfinity, 1f];
        using var ranks = new RingWorld(2, shareMemory: shareMemory);
        ranks.Run(ring =>
        {
            Tensor left = tensor(a).to(ScalarType.BFloat16), right = tensor(b).to(ScalarType.BFloat16), output = zeros_like(left);
            ring.AllReduce(ring.Rank == 0 ? left : right, output, ReduceOperation.Sum);
            Tensor expected = (left.to(ScalarType.Float32) + right.to(ScalarType.Float32)).to(ScalarType.BFloat16).to(ScalarType.Float32);
            Assert.Equal(expected.data<float>().ToArray(), output.to(ScalarType.Float32).data<float>().ToArray());
            return 0;
        });
    }

    [Fact]
    public void A_broadcast_gives_every_rank_the_root_s_values_whoever_the_root_is()
    {
        const int World = 4;
        using var ranks = new RingWorld(World, shareMemory: shareMemory);
        ranks.Run(ring =>
        {
            foreach (int length in new[] { 0, 1, 5000, 700_001 })
            {
                for (int root = 0; root < World; root++)
                {
                    Tensor buffer = full(length, ring.Rank, dtype: ScalarType.Int32);
                    ring.Broadcast(buffer, root);
                    Assert.True((buffer == root).all().item<bool>());
                }
            }
            Tensor flags = zeros(3, ScalarType.Byte);
            ring.Broadcast(ring.Rank == 2 ? ones(3, ScalarType.Byte) : flags, 2);
            Assert.Equal(ring.Rank == 2 ? 0 : 3, flags.sum().item<long>());
            return 0;
        });
    }

    [Fact]
    public void A_barrier_opens_only_when_every_rank_has_come()
    {
        const int World = 5;
        int inside = 0;
        using var ranks = new RingWorld(World, shareMemory: shareMemory);
        ranks.Run(ring =>
        {
            for (int round = 1; round <= 20; round++)
            {
                Interlocked.Increment(ref inside);
                ring.Barrier();
                Assert.True(Volatile.Read(ref inside) >= round * World);
                ring.Barrier();
            }
            return 0;
        });
    }

    [Fact]
    public void Slices_handed_over_are_reduced_in_order_and_leave_the_rest_alone()
    {
        using var ranks = new RingWorld(3, shareMemory: shareMemory);
        ranks.Run(collective =>
        {
            var ring = (IBucketedCollective)collective;
            Tensor input = arange(400_000, dtype: ScalarType.Int64) * (ring.Rank + 1), output = zeros_like(input), flags = zeros(4, ScalarType.Int32);
            ring.Enqueue(input, output, 300_000, 99_999, ReduceOperation.Sum);
            ring.Enqueue(input, output, 10, 299_990, ReduceOperation.Sum);
            ring.Enqueue(input, output, 0, 3, ReduceOperation.Max);
            ring.AllReduce(full(4, ring.Rank, dtype: ScalarType.Int32), flags, ReduceOperation.Max);
            ring.WaitAll();
            Tensor expected = arange(400_000, dtype: ScalarType.Int64) * 6;
            expected[..10] = tensor([0L, 3, 6, 0, 0, 0, 0, 0, 0, 0]);
            expected[399_999] = 0;
            Assert.Equal(expected.data<long>().ToArray(), output.data<long>().ToArray());
            Assert.Equal([2, 2, 2, 2], flags.data<int>().ToArray());
            return 0;
        });
    }

    [Fact]
    public void What_a_ring_cannot_reduce_is_refused_before_anything_is_sent()
    {
        using var ranks = new RingWorld(2, shareMemory: shareMemory);
        ranks.Run(ring =>
        {
            Tensor x = zeros(4, 4);
            Assert.Throws<ArgumentException>(() => ring.AllReduce(x, x, ReduceOperation.Sum));
            Assert.Throws<ArgumentException>(() => ring.AllReduce(x, zeros(4, 4, ScalarType.Int32), ReduceOperation.Sum));
            Assert.Throws<ArgumentException>(() => ring.AllReduce(x.t(), zeros(4, 4), ReduceOperation.Sum));
            Assert.Throws<ArgumentException>(() => ring.AllReduce(zeros(4, ScalarType.Byte), ones(4, ScalarType.Byte), ReduceOperation.Sum));
            Assert.Throws<ArgumentException>(() => ring.AllReduce(zeros(4, device: META), zeros(4, device: META), ReduceOperation.Sum));
            Assert.Throws<ArgumentOutOfRangeException>(() => ring.Broadcast(x, 2));
            ring.Barrier();
            return 0;
        });
    }

    private static float[] Floats(int rank, int count)
    {
        var random = new Random(rank + 1);
        return [.. Enumerable.Range(0, count).Select(_ => (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-3, 4))))];
    }
}
