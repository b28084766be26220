using System.Runtime.InteropServices;
using Looped.Models.Evaluation.Parity;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>The random numbers of a reference vector, in place of those that a stream would give.</summary>
/// <param name="Uniforms">The draws behind the length factors of one forward, in order.</param>
/// <param name="Factors">The length factors themselves, where the draws are not given.</param>
/// <param name="Halting">The numbers that PonderNet compares with its halting probabilities, (B, R, T).</param>
internal sealed record GivenDraws(IReadOnlyList<float>? Uniforms, IReadOnlyList<double>? Factors = null, Tensor? Halting = null)
{
    /// <summary>Those of a case.</summary>
    public static GivenDraws Of(ParityCase parity)
    {
        using Tensor? uniforms = parity.Find("input.uniform_draws"), factors = parity.Find("input.length_factors");
        return new(uniforms is null ? null : Numbers(uniforms), uniforms is null && factors is not null ? [.. Numbers(factors).Select(f => (double)f)] : null,
            parity.Find("input.halt_uniforms"));
    }

    /// <summary>float32 numbers of any tensor, in order.</summary>
    public static float[] Numbers(Tensor tensor)
    {
        using Tensor host = tensor.cpu().to(ScalarType.Float32).contiguous();
        return MemoryMarshal.Cast<byte, float>(host.bytes).ToArray();
    }
}
