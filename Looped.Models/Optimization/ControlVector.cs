using Looped.Models.Randomness;

namespace Looped.Models.Optimization;

/// <summary>Flags of a step, reduced by maximum: raised anywhere, seen by all.</summary>
public enum ControlFlag
{
    /// <summary>A rank holds the plan of the next generation.</summary>
    Regroup,

    /// <summary>A checkpoint is wanted after this step.</summary>
    Checkpoint,

    /// <summary>An evaluation is wanted after this step.</summary>
    Evaluate,

    /// <summary>The run ends after this step.</summary>
    Stop,

    /// <summary>A gradient or loss was not finite or too large.</summary>
    Unacceptable,
}

/// <summary>Numbers of a step, reduced by addition.</summary>
public enum ControlSum
{
    /// <summary>Ranks that leave after this step.</summary>
    Leavers,

    /// <summary>Micro-batches contributed.</summary>
    MicroBatches,

    /// <summary>Σ tag(step, micro-batch), modulo 2^64.</summary>
    Tag,

    /// <summary>Σ n, scored tokens.</summary>
    ScoredTokens,

    /// <summary>Weighted loss in fixed point.</summary>
    Loss,

    /// <summary>Σ loops, over the micro-batches whose model can say.</summary>
    Loops,

    /// <summary>Micro-batches whose loss has a penalty.</summary>
    Regularised,

    /// <summary>Weighted penalty in fixed point, to be seen only.</summary>
    Regulariser,
}

/// <summary>
/// The small vector that travels with each step's gradient. Every rank sees the same reduced vector at the same step, so all act
/// together without another round trip. It also carries one "touched" flag for each tensor.
/// </summary>
public sealed class ControlVector
{
    private static readonly int HighestLossPlace = Enum.GetValues<ControlFlag>().Length, FlagCount = HighestLossPlace + 1;

    /// <summary>An empty vector.</summary>
    /// <param name="tensors">Number of parameter tensors.</param>
    public ControlVector(int tensors)
    {
        Flags = new int[FlagCount + tensors];
        Sums = new long[Enum.GetValues<ControlSum>().Length];
    }

    /// <summary>Reduced by maximum: the flags of <see cref="ControlFlag"/>, then the highest loss, then a touched flag per tensor in layout order.</summary>
    public int[] Flags { get; }

    /// <summary>Reduced by addition: the sums of <see cref="ControlSum"/>.</summary>
    public long[] Sums { get; }

    /// <summary>Reads or raises a flag.</summary>
    public bool this[ControlFlag flag]
    {
        get => Flags[(int)flag] != 0;
        set => Flags[(int)flag] = value ? 1 : 0;
    }

    /// <summary>
    /// The mean loss of this rank's micro-batches, and after the reduction the highest of all ranks: to be looked at, nothing that is trained
    /// depends on it. 0 for a rank without any. The bits of floats that are not negative are in the order of the floats, NaN above all.
    /// </summary>
    public float HighestLoss
    {
        get => BitConverter.Int32BitsToSingle(Flags[HighestLossPlace]);
        set => Flags[HighestLossPlace] = float.IsNaN(value) ? int.MaxValue : BitConverter.SingleToInt32Bits(Math.Max(value, 0f));
    }

    /// <summary>Reads or sets a sum.</summary>
    public ref long this[ControlSum sum] => ref Sums[(int)sum];

    /// <summary>Whether any micro-batch gave this tensor a gradient.</summary>
    public bool IsTouched(int tensor) => Flags[FlagCount + tensor] != 0;

    /// <summary>Marks a tensor as having a gradient.</summary>
    public void Touch(int tensor) => Flags[FlagCount + tensor] = 1;

    /// <summary>Forgets everything.</summary>
    public void Clear()
    {
        Array.Clear(Flags);
        Array.Clear(Sums);
    }

    /// <summary>A number that stands for one micro-batch of one step in <see cref="ControlSum.Tag"/>.</summary>
    public static long Tag(long step, int microBatch)
    {
        var (x0, x1, _, _) = Philox.Words(0x746167, (ulong)step, (ulong)microBatch);
        return (long)((ulong)x1 << 32 | x0);
    }

    /// <summary>Checks a reduced vector: every micro-batch of the step contributed exactly once.</summary>
    /// <param name="step">The step.</param>
    /// <param name="microBatches">M.</param>
    /// <exception cref="LoopedException">A micro-batch was lost or counted twice; the step must not be committed.</exception>
    public void RequireComplete(long step, int microBatches)
    {
        long tags = 0;
        for (int i = 0; i < microBatches; i++) tags = unchecked(tags + Tag(step, i));
        if (this[ControlSum.MicroBatches] == microBatches && this[ControlSum.Tag] == tags) return;
        throw new LoopedException(
            $"Step {step + 1} was reduced from {this[ControlSum.MicroBatches]} micro-batches that are not exactly its {microBatches}; " +
            "it is not committed. This is a defect of the reduction: please report it with the run's steps.jsonl.");
    }
}
