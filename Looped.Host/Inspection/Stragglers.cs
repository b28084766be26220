using Looped.Actors.Supervision;

namespace Looped.Host.Inspection;

/// <summary>Who is slow.</summary>
internal static class Stragglers
{
    /// <summary>A worker's seconds per micro-batch over the median of all members: 1 is like the others, 2 is half as fast. Null if not known.</summary>
    public static double? Score(WorkerPicture worker, IReadOnlyList<WorkerPicture> all)
    {
        double[] known = [.. all.Where(w => w is { Rank: >= 0, SecondsPerMicroBatch: > 0 }).Select(w => w.SecondsPerMicroBatch).Order()];
        if (known.Length == 0 || worker is not { Rank: >= 0, SecondsPerMicroBatch: > 0 }) return null;
        double median = (known[(known.Length - 1) / 2] + known[known.Length / 2]) / 2;
        return worker.SecondsPerMicroBatch / median;
    }

    /// <summary>Seconds that a worker's share of a step takes to compute; null if not known.</summary>
    public static double? StepSeconds(WorkerPicture worker) =>
        worker is { MicroBatches: > 0, SecondsPerMicroBatch: > 0 } ? worker.MicroBatches * worker.SecondsPerMicroBatch : null;
}
