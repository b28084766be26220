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
    /// Bytes of the largest moment of a micro-batch's forward and backward. Per block and token, in elements: the inputs of both norms
    /// and their outputs 4D, queries, keys and values 3D, their turned copies 2D, the attention's output D, the MLP's hidden values
    /// before and after GELU 8D, with dropout two masks 2D; from the second repeat on the gathered keys and values of all repeats, 2rD.
    /// The head: logits, log-probabilities and the gradient of each. The growth of resident memory was measured 1 to 10 %
    /// above it, 25 % with dropout (five configurations, T 128, batches of 16 and 32).
    /// </summary>
    /// <param name="config">The model.</param>
    /// <param name="vocabularySize">V.</param>
    /// <param name="sequences">B.</param>
    /// <param name="length">T.</param>
    /// <param name="bytesPerElement">4 or 8.</param>
    /// <param name="repeats">R.</param>
    public static long ActivationBytes(CoTFormerConfig config, long vocabularySize, long sequences, long length, long bytesPerElement, long repeats)
    {
        checked
        {
            long d = config.Width, once = Once(config), middle = config.Layers - once;
            long masks = config.Dropout > 0 ? 2 : 0, block = (18 + masks) * d + config.Heads;
            long gathered = middle * 2 * d * (repeats * (repeats + 1) / 2 - 1);
            long perToken = (once + middle * repeats) * block + gathered + (3 + masks / 2) * d + 4 * vocabularySize;
            return sequences * length * perToken * bytesPerElement;
        }
    }

    private static long Once(CoTFormerConfig config) =>
        config.Variant == CoTFormerVariants.Base ? config.Layers : config.LayersBegin + config.LayersEnd;
}
