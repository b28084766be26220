namespace Looped.Host.Plots;

/// <summary>Makes the trend of a noisy curve visible without shifting it.</summary>
internal static class Smoothing
{
    /// <summary>How many values on either side a curve of some steps is smoothed over; 0 if there are too few.</summary>
    public static int Reach(int steps) => steps / 40;

    /// <summary>
    /// A moving average over a symmetric window, applied twice. Towards both ends the window narrows, so that it stays symmetric: a
    /// straight line comes out as it was, and the curve begins and ends where the values do. What is not finite is passed over.
    /// </summary>
    /// <param name="values">In the order of steps.</param>
    /// <param name="reach">Values on either side; 0 changes nothing.</param>
    /// <returns>As many numbers; NaN where a window has no finite value.</returns>
    public static double[] Symmetric(IReadOnlyList<double> values, int reach) => Average(Average(values, reach), reach);

    private static double[] Average(IReadOnlyList<double> values, int reach)
    {
        int n = values.Count;
        if (reach == 0) return [.. values];
        double[] sums = new double[n + 1];
        int[] counts = new int[n + 1];
        for (int i = 0; i < n; i++)
        {
            bool finite = double.IsFinite(values[i]);
            (sums[i + 1], counts[i + 1]) = (sums[i] + (finite ? values[i] : 0), counts[i] + (finite ? 1 : 0));
        }

        var result = new double[n];
        for (int i = 0; i < n; i++)
        {
            int side = Math.Min(reach, Math.Min(i, n - 1 - i)), from = i - side, to = i + side + 1;
            result[i] = (sums[to] - sums[from]) / (counts[to] - counts[from]);
        }
        return result;
    }
}
