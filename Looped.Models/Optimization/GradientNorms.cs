using System.Globalization;

namespace Looped.Models.Optimization;

/// <summary>Gradient norms of the last steps, before clipping.</summary>
/// <param name="Current">Of the newest.</param>
/// <param name="Largest">The largest.</param>
/// <param name="Mean">Their mean, the largest included.</param>
/// <param name="Steps">How many there are.</param>
/// <param name="Spike">Whether the largest stands out, and it is not only the beginning of a run.</param>
public sealed record GradientNormSummary(double Current, double Largest, double Mean, int Steps, bool Spike)
{
    /// <summary><c>gradient norm 0.52, largest 0.91, mean 0.55 over the last 50 steps</c>.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"gradient norm {Current:0.00}, largest {Largest:0.00}, mean {Mean:0.00} over the last {Steps} steps");
}

/// <summary>
/// Watches gradient norms over a window of steps (CoTFormer, section 5). A spike is a norm of more than five times the window's mean; it is
/// not called one within the first window, where norms fall from their initial size.
/// </summary>
/// <param name="window">Steps to look back; at least 1.</param>
public sealed class GradientNorms(int window)
{
    private const double SpikeFactor = 5;

    private readonly Queue<double> _last = [];
    private long _seen;

    /// <summary>Takes a step's norm in; one that is not finite belongs to a skipped step and is left out.</summary>
    public void Add(double norm)
    {
        if (!double.IsFinite(norm)) return;
        _seen++;
        _last.Enqueue(norm);
        if (_last.Count > window) _last.Dequeue();
    }

    /// <summary>The window so far; null before the first step.</summary>
    public GradientNormSummary? Summary()
    {
        if (_last.Count == 0) return null;
        double largest = _last.Max(), mean = _last.Average();
        return new GradientNormSummary(_last.Last(), largest, mean, _last.Count, _seen > window && largest > SpikeFactor * mean);
    }
}
