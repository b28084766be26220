using static TorchSharp.torch;

namespace Looped.Models.Optimization;

/// <summary>Scalars of one AdamW update of one tensor.</summary>
/// <param name="Factor">Turns a reduced sum into a mean gradient: 2^−bits divided by the step's total weight, times the clipping factor.</param>
/// <param name="LearningRate">The step's rate.</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Epsilon">Added to the root of the second moment.</param>
/// <param name="WeightDecay">Decoupled decay of this tensor.</param>
/// <param name="Count">How many updates this tensor has had, this one included.</param>
internal readonly record struct AdamWScalars(
    double Factor, double LearningRate, double Beta1, double Beta2, double Epsilon, double WeightDecay, long Count)
{
    /// <summary>lr / (1 − β1^t).</summary>
    public double StepSize => LearningRate / (1 - Math.Pow(Beta1, Count));

    /// <summary>√(1 − β2^t).</summary>
    public double RootCorrection => Math.Sqrt(1 - Math.Pow(Beta2, Count));
}

/// <summary>Scalars of one update by stochastic gradient descent.</summary>
/// <param name="Factor">As in <see cref="AdamWScalars"/>.</param>
/// <param name="LearningRate">The step's rate.</param>
/// <param name="Momentum">μ.</param>
/// <param name="WeightDecay">Added to the gradient, times the parameter.</param>
internal readonly record struct SgdScalars(double Factor, double LearningRate, double Momentum, double WeightDecay);

/// <summary>
/// The element-wise passes of a step over flat buffers. Each fixes its own order of lanes and blocks, so every worker of a run
/// gets the same bits without talking to the others.
/// </summary>
internal interface IStepKernels
{
    /// <summary>Element type of the gradient sums: int64 for exact reduction, else the model's.</summary>
    ScalarType SumType { get; }

    /// <summary>Adds one tensor's gradient, weighted, to its slice of the sums.</summary>
    /// <param name="gradient">Contiguous, any shape, the model's element type.</param>
    /// <param name="sums">Flat slice of the accumulator.</param>
    /// <param name="scale">Weight of the micro-batch, times 2^bits for exact reduction.</param>
    /// <returns>Whether every element was acceptable.</returns>
    bool Accumulate(Tensor gradient, Tensor sums, double scale);

    /// <summary>Σ (sum · factor)² over a whole buffer.</summary>
    double SquaredNorm(Tensor sums, double factor);

    /// <summary>Updates one tensor: parameter, first and second moment in place.</summary>
    void AdamW(Tensor parameter, Tensor sums, Tensor moment1, Tensor moment2, in AdamWScalars scalars);

    /// <summary>Updates one tensor: parameter and velocity in place.</summary>
    void Sgd(Tensor parameter, Tensor sums, Tensor velocity, in SgdScalars scalars);
}
