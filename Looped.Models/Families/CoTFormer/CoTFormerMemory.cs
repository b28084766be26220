using Looped.Models.Layers;

namespace Looped.Models.Families.CoTFormer;

/// <summary>An estimate of the memory of a micro-batch.</summary>
internal static class CoTFormerMemory
{
    /// <summary>
    /// Numbers held at the largest moment of one sequence's forward and backward. Per block and token: the inputs of both norms and
    /// their outputs 4D, queries, keys and values 3D, their turned copies 2D, the attention's output D, the MLP's hidden values before
    /// and after GELU 8D, with dropout two masks 2D; where keys of several repeats are gathered, they and their values 2D a key. The
    /// head: logits, log-probabilities and the gradient of each. The growth of resident memory was measured 1 to 10 % above it, 25 % with
    /// dropout (five configurations of `base` to `ln_cotformer`, T 128, batches of 16 and 32).
    /// </summary>
    /// <param name="config">The model.</param>
    /// <param name="vocabularySize">V.</param>
    /// <param name="length">T.</param>
    /// <param name="visits">What a forward runs.</param>
    public static long ActivationElements(CoTFormerConfig config, long vocabularySize, long length, IEnumerable<Visit> visits)
    {
        checked
        {
            long d = config.Width, masks = config.Dropout > 0 ? 2 : 0, block = (18 + masks) * d + config.Heads;
            long blocks = visits.Where(v => v.Module is Block).Sum(v => v.Tokens * block + (v.Keys > v.Tokens ? 2 * v.Keys * d : 0));
            long answers = config.Traits().AnswersEachRepeat ? config.Repeats : 1;
            return blocks + length * ((3 + masks / 2) * d + 4 * answers * vocabularySize);
        }
    }
}
