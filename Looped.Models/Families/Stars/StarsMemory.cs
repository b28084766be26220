namespace Looped.Models.Families.Stars;

/// <summary>An estimate of the memory of a micro-batch.</summary>
internal static class StarsMemory
{
    /// <summary>
    /// Numbers held at the largest moment of one sequence's forward and backward. Per block and token: the inputs and outputs of its norms
    /// and the sums 8d, queries, keys and values 3d, the attention's output d, the MLP before and after GELU 2h; where attention is written
    /// out, scores and weights 3HT. The regulariser holds a loop about three times over for each iteration. The head: logits and their gradients.
    /// </summary>
    /// <param name="config">The model.</param>
    /// <param name="vocabularySize">V.</param>
    /// <param name="length">T.</param>
    public static long ActivationElements(StarsConfig config, long vocabularySize, long length)
    {
        checked
        {
            long loops = config.LoopDistribution == LoopDistribution.Fixed ? config.Loops : config.MaxLoops;
            long plain = 12L * config.Width + 2L * config.Hidden, writtenOut = 3L * config.Heads * length;
            long block = plain + (config.Dropout > 0 ? writtenOut + 2L * config.Width : 0);
            long ends = (config.Prelude ? 1 : 0) + (config.Coda ? 1 : 0);
            long regulariser = config.RegWeight > 0 ? 3L * config.SpectralIters * config.Layers * (plain + writtenOut) : 0;
            return length * ((loops * config.Layers + ends) * block + regulariser + 3L * config.Width + 4 * vocabularySize);
        }
    }
}
