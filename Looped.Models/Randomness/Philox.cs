namespace Looped.Models.Randomness;

/// <summary>
/// The counter-based generator Philox4x32-10: a pure function from a 64-bit key and a 128-bit counter to 128 random bits.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3", SC 2011, section 3.3.
/// </summary>
public static class Philox
{
    private const uint Multiplier0 = 0xD2511F53, Multiplier1 = 0xCD9E8D57, Weyl0 = 0x9E3779B9, Weyl1 = 0xBB67AE85;

    /// <summary>The four words at a counter.</summary>
    /// <param name="key">The stream.</param>
    /// <param name="high">The upper half of the counter.</param>
    /// <param name="low">The lower half of the counter.</param>
    public static (uint X0, uint X1, uint X2, uint X3) Words(ulong key, ulong high, ulong low)
    {
        uint k0 = (uint)key, k1 = (uint)(key >> 32);
        uint x0 = (uint)low, x1 = (uint)(low >> 32), x2 = (uint)high, x3 = (uint)(high >> 32);
        for (int round = 0; round < 10; round++)
        {
            ulong p0 = (ulong)Multiplier0 * x0, p1 = (ulong)Multiplier1 * x2;
            (x0, x1, x2, x3) = ((uint)(p1 >> 32) ^ x1 ^ k0, (uint)p1, (uint)(p0 >> 32) ^ x3 ^ k1, (uint)p0);
            k0 += Weyl0;
            k1 += Weyl1;
        }
        return (x0, x1, x2, x3);
    }
}
