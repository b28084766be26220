using Looped.Models.Optimization;
using Looped.Models.Recipes;

namespace Looped.Actors.Training;

/// <summary>Multiply–accumulates of a micro-batch by the loops that it runs; the same on every worker.</summary>
internal sealed class MicroBatchWork(Replica replica, Recipe recipe)
{
    private readonly Dictionary<int, double> _byLoops = [];

    /// <summary>Of the forward pass.</summary>
    /// <param name="loops">How many it ran; null for as many as the model runs by itself.</param>
    public double MultiplyAccumulates(int? loops)
    {
        // Models without a choice of depth have the same cost whatever they report.
        int? asked = replica.Model.Loops is null ? null : loops ?? replica.Model.Loops;
        if (!_byLoops.TryGetValue(asked ?? -1, out double work))
        {
            int length = recipe.Model.SequenceLength;
            _byLoops[asked ?? -1] = work = (double)recipe.Batch.MicroSequences * replica.Model.MultiplyAccumulates(length, asked, scored: length);
        }
        return work;
    }
}

/// <summary>
/// How fast a worker computes: measured seconds per predicted multiply–accumulate, over its last ten micro-batches or so. Where the number of loops is
/// drawn, a worker that happened to draw long ones is not slow.
/// </summary>
/// <param name="usual">Multiply–accumulates of a usual micro-batch.</param>
/// <param name="seconds">Seconds that such a one took so far; 0 if that is not known.</param>
internal sealed class Pace(double usual, double seconds)
{
    // Quick to follow, slow to be fooled.
    private const double Kept = 0.9;

    private double _seconds = seconds, _work = seconds > 0 ? usual : 0;

    /// <summary>Seconds that a usual micro-batch takes; 0 if that is not known.</summary>
    public double Seconds => _work > 0 ? _seconds / _work * usual : 0;

    /// <summary>A micro-batch was computed.</summary>
    /// <param name="took">Seconds.</param>
    /// <param name="work">Its multiply–accumulates.</param>
    public void Add(double took, double work)
    {
        double share = _work > 0 ? 1 - Kept : 1;
        (_seconds, _work) = (Kept * (_work > 0 ? _seconds : 0) + share * took, Kept * _work + share * work);
    }
}
