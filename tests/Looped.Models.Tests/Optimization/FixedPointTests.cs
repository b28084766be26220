using CsCheck;
using Looped.Models.Optimization;

namespace Looped.Models.Tests.Optimization;

public unsafe class FixedPointTests
{
    private static readonly double Scale = FixedPoint.Scale(40);

    private static long[] Sum(float[][] gradients, IEnumerable<int> order)
    {
        var sums = new long[gradients[0].Length];
        foreach (int i in order)
            fixed (float* g = gradients[i])
            fixed (long* s = sums)
                Assert.True(FixedPoint.Accumulate(g, s, sums.Length, Scale));
        return sums;
    }

    [Fact]
    public void Sums_do_not_depend_on_order_or_grouping() =>
        Gen.Int[1, 50].SelectMany(length => Gen.Select(
            Gen.Float[-1000, 1000].Array[length].Array[2, 9], Gen.Int[0, int.MaxValue])).Sample((gradients, seed) =>
        {
            int[] order = [.. Enumerable.Range(0, gradients.Length)];
            long[] inOrder = Sum(gradients, order);

            new Random(seed).Shuffle(order);
            Assert.Equal(inOrder, Sum(gradients, order));

            int cut = seed % gradients.Length;
            long[] left = Sum(gradients, order.Take(cut)), right = Sum(gradients, order.Skip(cut));
            Assert.Equal(inOrder, left.Zip(right, (a, b) => a + b));
        }, iter: 200);

    [Fact]
    public void Every_lane_rounds_to_the_nearest_even_multiple() =>
        Gen.Select(Gen.Float[-2047, 2047].Array[1, 40], Gen.Double[0.01, 1]).Sample((values, weight) =>
        {
            long[] sums = new long[values.Length];
            fixed (float* g = values)
            fixed (long* s = sums)
                Assert.True(FixedPoint.Accumulate(g, s, values.Length, weight * Scale));
            Assert.Equal(values.Select(v => (long)Math.Round(v * (weight * Scale), MidpointRounding.ToEven)), sums);
        }, iter: 300);

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    [InlineData(2048f)]
    [InlineData(-2048f)]
    public void An_unacceptable_element_is_noticed_wherever_it_stands(float bad)
    {
        for (int place = 0; place < 19; place++)
        {
            float[] gradient = new float[19];
            long[] sums = new long[19];
            fixed (float* g = gradient)
            fixed (long* s = sums)
            {
                Assert.True(FixedPoint.Accumulate(g, s, 19, Scale));
                gradient[place] = bad;
                Assert.False(FixedPoint.Accumulate(g, s, 19, Scale));
            }
        }
        Assert.False(FixedPoint.TryConvert(bad, Scale, out _));
    }

    [Fact]
    public void The_largest_acceptable_values_cannot_wrap_in_4096_micro_batches()
    {
        long largest = (long)FixedPoint.Limit;
        Assert.True((Int128)(largest - 1) * 4096 < long.MaxValue);
    }

    [Fact]
    public void Sums_convert_back_to_the_nearest_float() =>
        Gen.Long[-(1L << 62), 1L << 62].Array[1, 30].Sample(sums =>
        {
            float[] real = new float[sums.Length];
            fixed (long* s = sums)
            fixed (float* r = real)
                FixedPoint.ToFloat(s, r, sums.Length, 1 / Scale);
            Assert.Equal(sums.Select(v => (float)(v * (1 / Scale))), real);
        }, iter: 300);
}
