using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace Looped.Models.Layers;

/// <summary>
/// Rotary positions with interleaved pairs: channels (2i, 2i+1) turn by position · θ^(−2i/h) (Su et al., "RoFormer", section 3.2.2).
/// A pair is one complex number, so a rotation is one multiplication and its backward another.
/// </summary>
/// <param name="headWidth">h, the channels of a head; even.</param>
/// <param name="theta">θ.</param>
internal sealed class Rotary(int headWidth, double theta = 10_000) : IDisposable
{
    private Tensor? _table;     // complex, (positions, 1, h/2)
    private (ScalarType Type, string Device) _made;

    /// <summary>The turns of consecutive positions.</summary>
    /// <param name="position">The first of them.</param>
    /// <param name="count">T.</param>
    /// <param name="like">Gives element type and device.</param>
    /// <returns>Complex, (T, 1, h/2).</returns>
    public Tensor Turns(int position, long count, Tensor like) => Table(position + (int)count, like).narrow(0, position, count);

    /// <summary>The turns of any positions.</summary>
    /// <param name="positions">int64, (B, n).</param>
    /// <param name="limit">More than the largest of them.</param>
    /// <param name="like">Gives element type and device.</param>
    /// <returns>Complex, (B, n, 1, h/2).</returns>
    public Tensor Turns(Tensor positions, int limit, Tensor like) =>
        Table(limit, like).index_select(0, positions.flatten()).view(positions.shape[0], positions.shape[1], 1, headWidth / 2);

    /// <summary>Rotates each token's heads.</summary>
    /// <param name="x">(B, T, heads, h).</param>
    /// <param name="turns">Of each token's position.</param>
    /// <returns>The same shape, contiguous.</returns>
    public static Tensor Rotate(Tensor x, Tensor turns)
    {
        // The reference, too, turns in float32.
        if (x.dtype is ScalarType.BFloat16) return Rotate(x.to(ScalarType.Float32), turns).to(ScalarType.BFloat16);
        long[] shape = x.shape;
        Tensor complex = x.view(shape[0], shape[1], shape[2], shape[3] / 2, 2).view_as_complex();     // (B, T, heads, h/2)
        return complex.mul(turns).view_as_real().view(shape);
    }

    /// <inheritdoc/>
    public void Dispose() => _table?.Dispose();

    private Tensor Table(int positions, Tensor like)
    {
        // There are no complex numbers of bfloat16.
        (ScalarType Type, string) wanted = (like.dtype is ScalarType.BFloat16 ? ScalarType.Float32 : like.dtype, like.device.ToString());
        if (_table is not null && _made == wanted && _table.shape[0] >= positions) return _table;

        _table?.Dispose();
        _made = wanted;
        // Twice the need, so that generation token by token does not rebuild it at every token.
        return _table = Build(positions > 64 ? 2 * positions : 128, wanted.Type, like.device).DetachFromDisposeScope();
    }

    private Tensor Build(int positions, ScalarType type, Device device)
    {
        using var scope = NewDisposeScope();
        int pairs = headWidth / 2;
        Tensor host = empty([positions, 1, pairs, 2], dtype: ScalarType.Float64);
        Span<double> turns = MemoryMarshal.Cast<byte, double>(host.bytes);
        for (int i = 0; i < pairs; i++)
        {
            // Exponent, frequency, angle, cosine and sine are float32 numbers in the reference, whatever the model computes in.
            float exponent = -2f * i / headWidth, frequency = (float)Math.Pow(theta, exponent);
            for (int p = 0; p < positions; p++)
            {
                float angle = p * frequency;
                turns[(p * pairs + i) * 2] = (float)Math.Cos(angle);
                turns[(p * pairs + i) * 2 + 1] = (float)Math.Sin(angle);
            }
        }
        return host.to(type, device).view_as_complex().MoveToOuterDisposeScope();
    }
}
