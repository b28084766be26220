using Looped.Models.Randomness;

namespace Looped.Models.Tests;

public class RandomStreamTests
{
    // Known-answer vectors published with the reference implementation (Random123, kat_vectors, philox4x32-10).
    [Theory]
    [InlineData(0ul, 0ul, 0ul, 0x6627e8d5u, 0xe169c58du, 0xbc57ac4cu, 0x9b00dbd8u)]
    [InlineData(ulong.MaxValue, ulong.MaxValue, ulong.MaxValue, 0x408f276du, 0x41c83b0eu, 0xa20bc7c6u, 0x6d5451fdu)]
    public void Philox_gives_the_published_words(ulong key, ulong high, ulong low, uint x0, uint x1, uint x2, uint x3) =>
        Assert.Equal((x0, x1, x2, x3), Philox.Words(key, high, low));

    [Fact]
    public void A_draw_depends_on_its_name_alone()
    {
        RandomStream stream = RandomStream.ForMicroBatch(1, 2, 3);
        float[] first = new float[101], again = new float[101], other = new float[101];
        stream.For("dropout", 4).FillUniform(first);
        stream.For("dropout", 5).FillUniform(other);
        stream.For("dropout", 4).FillUniform(again);
        Assert.Equal(first, again);
        Assert.NotEqual(first, other);
        Assert.NotEqual(stream, RandomStream.ForMicroBatch(1, 3, 2));
    }

    [Fact]
    public void Normal_numbers_have_the_moments_asked_for()
    {
        var x = new float[200_000];
        RandomStream.Create(7, "test").FillNormal(x, 0.02);
        double mean = x.Average(v => (double)v), variance = x.Average(v => (double)v * v);
        // Standard errors: 0.02/√n = 4.5e-5 for the mean, √(2/n) = 0.32 % for the variance; five of each.
        Assert.InRange(mean, -2.3e-4, 2.3e-4);
        Assert.InRange(variance / 0.0004, 1 - 0.016, 1 + 0.016);
    }
}
