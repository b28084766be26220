namespace Looped.Models.Randomness;

/// <summary>
/// The generator behind NumPy's global functions: a Mersenne Twister (MT19937; Matsumoto and Nishimura, 1998) seeded by one number,
/// and normal numbers by the polar method. For replaying reference runs only: what it gives depends on the draws before.
/// </summary>
internal sealed class LegacyGenerator
{
    private const int Size = 624, Offset = 397;

    private readonly uint[] _state = new uint[Size];
    private int _next = Size;
    private double? _kept;

    /// <summary>A generator at its start.</summary>
    public LegacyGenerator(uint seed)
    {
        _state[0] = seed;
        for (int i = 1; i < Size; i++) _state[i] = 1812433253u * (_state[i - 1] ^ (_state[i - 1] >> 30)) + (uint)i;
    }

    /// <summary>The next 32 bits.</summary>
    public uint Word()
    {
        if (_next == Size) Refill();
        uint y = _state[_next++];
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c5680u;
        y ^= (y << 15) & 0xefc60000u;
        return y ^ (y >> 18);
    }

    /// <summary>The next number in [0, 1), of two words.</summary>
    public double Uniform()
    {
        uint high = Word() >> 5, low = Word() >> 6;
        return (high * 67108864.0 + low) / 9007199254740992.0;
    }

    /// <summary>The next normal number; they come in pairs.</summary>
    public double Normal()
    {
        if (_kept is { } kept)
        {
            _kept = null;
            return kept;
        }
        double a, b, r;
        do
        {
            a = 2 * Uniform() - 1;
            b = 2 * Uniform() - 1;
            r = a * a + b * b;
        }
        while (r is 0 or >= 1);
        double factor = Math.Sqrt(-2 * Math.Log(r) / r);
        _kept = factor * a;
        return factor * b;
    }

    private void Refill()
    {
        for (int i = 0; i < Size; i++)
        {
            uint y = (_state[i] & 0x80000000u) | (_state[(i + 1) % Size] & 0x7fffffffu);
            _state[i] = _state[(i + Offset) % Size] ^ (y >> 1) ^ ((y & 1) * 0x9908b0dfu);
        }
        _next = 0;
    }
}
