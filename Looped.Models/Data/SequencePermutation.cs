using System.Numerics;
using Looped.Models.Randomness;

namespace Looped.Models.Data;

/// <summary>
/// A keyed permutation of <c>[0, n)</c> that is computed, not stored: a Feistel network over the next even number of bits, walked along
/// its cycle until the value falls below n (at most four times that many values, so fewer than four walks on average).
/// Source: Black and Rogaway, "Ciphers with Arbitrary Finite Domains", CT-RSA 2002, section 4.
/// </summary>
/// <param name="n">How many values, at least 1.</param>
/// <param name="key">Which permutation.</param>
internal readonly struct SequencePermutation(long n, RandomStream key)
{
    // Four rounds are the textbook minimum; small domains need more to look random, and a round costs some ten nanoseconds.
    private const int Rounds = 8;

    private readonly int _half = (BitOperations.Log2((ulong)n - 1 | 1) + 2) / 2;

    /// <summary>Where position <paramref name="position"/> goes.</summary>
    public long this[long position]
    {
        get
        {
            ulong value = (ulong)position;
            do value = Encrypt(value);
            while (value >= (ulong)n);
            return (long)value;
        }
    }

    private ulong Encrypt(ulong value)
    {
        ulong mask = (1UL << _half) - 1;
        ulong left = value >> _half, right = value & mask;
        for (ulong round = 0; round < Rounds; round++)
            (left, right) = (right, left ^ (key.Bits(round << 32 | right) & mask));
        return left << _half | right;
    }
}
