using Looped.Actors.Training;

namespace Looped.Host.Reports;

/// <summary>Steps whose gradient norm stands out from those around it.</summary>
internal static class Spikes
{
    /// <summary>How many times the median of the neighbours on either side a spike is at least.</summary>
    public const double Factor = 2.5;

    /// <summary>Neighbours on either side.</summary>
    public const int Reach = 5;

    private const int FewestNeighbours = 4;

    /// <summary>Finds them. Medians are not moved by spikes, and a norm that only falls, as at the start of a run, stands out on one side alone.</summary>
    public static IEnumerable<StepReport> Of(IReadOnlyList<StepReport> steps)
    {
        for (int i = 0; i < steps.Count; i++)
        {
            double norm = steps[i].GradientNorm;
            if (double.IsFinite(norm) && norm > Factor * Median(steps, i - Reach, i) && norm > Factor * Median(steps, i + 1, i + 1 + Reach)) yield return steps[i];
        }
    }

    /// <summary>NaN, which nothing is greater than, if there are too few.</summary>
    private static double Median(IReadOnlyList<StepReport> steps, int from, int to)
    {
        (from, to) = (Math.Max(0, from), Math.Min(steps.Count, to));
        double[] near = [.. Enumerable.Range(from, to - from).Select(i => steps[i].GradientNorm).Where(double.IsFinite).Order()];
        return near.Length < FewestNeighbours ? double.NaN : near[near.Length / 2];
    }
}
