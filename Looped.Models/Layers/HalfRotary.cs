using System.Runtime.InteropServices;
using Looped.Models.Native;
using static TorchSharp.torch;

namespace Looped.Models.Layers;

/// <summary>
/// Rotary positions as Llama's: channel i turns with channel i + h/2, not with its neighbour (<see cref="Rotary"/>), by
/// position · θ^(−2i/h).
/// </summary>
internal static class HalfRotary
{
    /// <summary>Cosines and sines of consecutive positions, (T, 1, h/2) each. Angles are float32 numbers, whatever the model computes in.</summary>
    /// <param name="position">The first of them.</param>
    /// <param name="count">T.</param>
    /// <param name="headWidth">h, even.</param>
    /// <param name="theta">θ.</param>
    /// <param name="like">Gives element type and device.</param>
    public static (Tensor Cosines, Tensor Sines) Turns(int position, int count, int headWidth, double theta, Tensor like)
    {
        int pairs = headWidth / 2;
        var angles = new float[count * pairs];
        for (int i = 0; i < pairs; i++)
        {
            float frequency = 1f / (float)Math.Pow(theta, 2f * i / headWidth);
            for (int p = 0; p < count; p++) angles[p * pairs + i] = (position + p) * frequency;
        }
        return (Table(angles, Math.Cos), Table(angles, Math.Sin));

        Tensor Table(float[] of, Func<double, double> function)
        {
            using var scope = NewDisposeScope();
            Tensor host = empty([count, 1, pairs], dtype: ScalarType.Float32);
            Span<float> values = MemoryMarshal.Cast<byte, float>(host.bytes);
            for (int i = 0; i < of.Length; i++) values[i] = (float)function(of[i]);
            return host.to(like.dtype, like.device).MoveToOuterDisposeScope();
        }
    }

    /// <summary>[x₁, x₂] → [x₁ cos − x₂ sin, x₂ cos + x₁ sin] in every head: (B, T, heads, h) → the same shape.</summary>
    public static Tensor Rotate(Tensor x, (Tensor Cosines, Tensor Sines) turns)
    {
        using var scope = NewDisposeScope();
        long half = x.shape[3] / 2;
        Tensor first = x.narrow(3, 0, half), second = x.narrow(3, half, half);
        return cat([first * turns.Cosines - second * turns.Sines, (second * turns.Cosines).Plus(first * turns.Sines)], 3).MoveToOuterDisposeScope();
    }
}
