using Looped.Models;
using Looped.Models.Recipes;

namespace Looped.Host.Recipes;

/// <summary>How many workers a recipe has work for.</summary>
internal static class WorkerCount
{
    /// <summary>The argument of <c>--workers</c>, if each of so many workers would have a micro-batch of every step.</summary>
    /// <exception cref="UsageException">It would not.</exception>
    public static int Checked(int workers, BatchRecipe batch)
    {
        if (workers < 1) throw new UsageException($"--workers is {workers}; it must be at least 1.");
        if (workers > batch.MicroBatches())
            throw new UsageException($"--workers is {workers}, but a step has only {batch.MicroBatches()} micro-batches to share out; "
                + "lower it, or make micro-batches smaller (batch.micro_sequences).");
        return workers;
    }
}
