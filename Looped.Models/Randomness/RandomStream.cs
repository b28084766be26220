using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Looped.Models.Randomness;

/// <summary>
/// Numbers that are a pure function of a seed and a name: the same whoever asks, in whatever order, on whatever thread.
/// A stream is narrowed by <see cref="For(string, long)"/>: <c>(seed, step, micro-batch)</c>, then purpose and place, so that no
/// draw depends on how many were made before it elsewhere. Nothing here touches LibTorch's generators.
/// </summary>
public readonly record struct RandomStream
{
    private readonly ulong _key;
    private readonly ulong _high;

    private RandomStream(ulong key, ulong high) => (_key, _high) = (key, high);

    /// <summary>The root of all draws of one seed and purpose.</summary>
    /// <param name="seed">The seed, as written in the recipe.</param>
    /// <param name="purpose">What the draws are for, such as <c>initialization</c> or <c>training</c>.</param>
    public static RandomStream Create(long seed, string purpose)
    {
        ArgumentNullException.ThrowIfNull(purpose);
        return new RandomStream(0x4C6F6F706564, 0).For(purpose, seed);
    }

    /// <summary>The stream of everything random inside one micro-batch of one step.</summary>
    public static RandomStream ForMicroBatch(long seed, long step, int microBatch) =>
        Create(seed, "training").For("step", step).For("micro-batch", microBatch);

    /// <summary>A stream of its own for a purpose and a place within this one.</summary>
    /// <param name="purpose">What is drawn: <c>dropout</c>, <c>loops</c> …</param>
    /// <param name="place">Which of several such draws: a layer, a repeat, a running number.</param>
    public RandomStream For(string purpose, long place = 0)
    {
        ArgumentNullException.ThrowIfNull(purpose);
        int length = Encoding.UTF8.GetByteCount(purpose);
        Span<byte> text = stackalloc byte[24 + length];
        BinaryPrimitives.WriteUInt64LittleEndian(text, _key);
        BinaryPrimitives.WriteUInt64LittleEndian(text[8..], _high);
        BinaryPrimitives.WriteInt64LittleEndian(text[16..], place);
        Encoding.UTF8.GetBytes(purpose, text[24..]);
        Span<byte> hash = stackalloc byte[32];
        SHA256.HashData(text, hash);
        return new RandomStream(BinaryPrimitives.ReadUInt64LittleEndian(hash), BinaryPrimitives.ReadUInt64LittleEndian(hash[8..]));
    }

    /// <summary>The <paramref name="index"/>-th 32 random bits of this stream.</summary>
    public uint Bits(ulong index = 0)
    {
        var (x0, x1, x2, x3) = Philox.Words(_key, _high, index >> 2);
        return (index & 3) switch { 0 => x0, 1 => x1, 2 => x2, _ => x3 };
    }

    /// <summary>The <paramref name="index"/>-th uniform number in [0, 1) with 53 random bits.</summary>
    public double Uniform(ulong index = 0)
    {
        var (x0, x1, _, _) = Philox.Words(_key, ~_high, index);
        return ((x0 >> 5) * 67108864.0 + (x1 >> 6)) / 9007199254740992.0;
    }

    /// <summary>Fills with uniform numbers in [0, 1), 24 random bits each.</summary>
    public void FillUniform(Span<float> destination)
    {
        for (int i = 0; i < destination.Length; i += 4)
        {
            var (x0, x1, x2, x3) = Philox.Words(_key, _high, (ulong)i >> 2);
            destination[i] = (x0 >> 8) * (1f / 16777216f);
            if (i + 1 < destination.Length) destination[i + 1] = (x1 >> 8) * (1f / 16777216f);
            if (i + 2 < destination.Length) destination[i + 2] = (x2 >> 8) * (1f / 16777216f);
            if (i + 3 < destination.Length) destination[i + 3] = (x3 >> 8) * (1f / 16777216f);
        }
    }

    /// <summary>Fills with normal numbers of mean 0 (Box–Muller on pairs of 53-bit uniforms, computed in double precision).</summary>
    public void FillNormal(Span<float> destination, double standardDeviation)
    {
        for (int i = 0; i < destination.Length; i += 2)
        {
            double u = 1.0 - Uniform((ulong)i), angle = 2 * Math.PI * Uniform((ulong)i + 1);
            double radius = standardDeviation * Math.Sqrt(-2 * Math.Log(u));
            destination[i] = (float)(radius * Math.Cos(angle));
            if (i + 1 < destination.Length) destination[i + 1] = (float)(radius * Math.Sin(angle));
        }
    }
}
