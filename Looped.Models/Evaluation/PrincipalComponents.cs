using Looped.Models.Native;
using static TorchSharp.torch;

namespace Looped.Models.Evaluation;

/// <summary>Principal components of some points. The sign of a component is arbitrary.</summary>
/// <param name="Scores">The points in the components, float64, (points, components); the caller's.</param>
/// <param name="ExplainedVariance">The share of the variance that each component holds, float64; the caller's.</param>
internal readonly record struct PrincipalComponents(Tensor Scores, Tensor ExplainedVariance)
{
    /// <summary>Centres the points and takes the singular value decomposition.</summary>
    /// <param name="points">(points, features).</param>
    /// <param name="components">How many, the largest first.</param>
    public static PrincipalComponents Of(Tensor points, int components)
    {
        using var scope = NewDisposeScope();
        Tensor wide = points.to(ScalarType.Float64), centred = wide - wide.mean([0], keepdim: true);
        (Tensor u, Tensor s, _) = linalg.svd(centred, fullMatrices: false);
        Tensor variances = s.Squared();
        return new((u * s).narrow(1, 0, components).MoveToOuterDisposeScope(), (variances / variances.sum()).narrow(0, 0, components).MoveToOuterDisposeScope());
    }
}
