namespace Looped.Models.Families.CoTFormer;

/// <summary>Closed forms of computation and memory.</summary>
internal static class CoTFormerCosts
{
    /// <summary>
    /// Multiply–accumulates of matrix products in the forward of one sequence (section 8): dense masks, the head on the last position only.
    /// </summary>
    /// <param name="config">The model.</param>
    /// <param name="vocabularySize">V.</param>
    /// <param name="length">T.</param>
    /// <param name="repeats">R.</param>
    public static long MultiplyAccumulates(CoTFormerConfig config, long vocabularySize, long length, long repeats)
    {
        checked
        {
            long d = config.Width, t = length;
            long linear = 12 * d * d * t, attention = 2 * t * t * d;            // of one block over T tokens, keys of one repeat
            long once = Once(config), middle = config.Layers - once;
            // Repeat r attends to the keys of r repeats: Σ r = R (R + 1) / 2.
            return vocabularySize * d + once * (linear + attention) + middle * (repeats * linear + attention * (repeats * (repeats + 1) / 2));
        }
    }

    /// <summary>
    /// Bytes that the forward of a micro-batch keeps for its backward. Per block and token, in elements: the inputs of both norms and
    /// their outputs 4D, queries, keys and values 3D, their turned copies 2D, the attention's output D, the MLP's hidden values before
    /// and after GELU 8D; from the second repeat on the gathered keys and values of all repeats, 2rD. The head keeps logits and log-probabilities.
    /// </summary>
    public static long ActivationBytes(CoTFormerConfig config, long vocabularySize, long sequences, long length, long bytesPerElement, long repeats)
    {
        checked
        {
            long d = config.Width, once = Once(config), middle = config.Layers - once;
            long block = 18 * d + config.Heads;
            long gathered = middle * 2 * d * (repeats * (repeats + 1) / 2 - 1);
            long perToken = (once + middle * repeats) * block + gathered + 3 * d + 2 * vocabularySize;
            return sequences * length * perToken * bytesPerElement;
        }
    }

    private static long Once(CoTFormerConfig config) =>
        config.Variant == CoTFormerVariants.Base ? config.Layers : config.LayersBegin + config.LayersEnd;
}
