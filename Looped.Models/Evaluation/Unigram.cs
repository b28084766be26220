using Looped.Models.Data;

namespace Looped.Models.Evaluation;

/// <summary>
/// The model without any context: each token as likely as it is frequent in the training tokens. What a language model reaches below
/// this it has learned from order.
/// </summary>
public static class Unigram
{
    private const int Block = 1 << 16;

    /// <summary>Perplexity on the validation tokens, with add-one smoothing of the training counts.</summary>
    public static double Perplexity(TokenDataset data)
    {
        ArgumentNullException.ThrowIfNull(data);
        return Perplexity(Count(data.Train, data.VocabularySize), Count(data.Validation, data.VocabularySize));
    }

    /// <summary>Perplexity where counts of each token are known.</summary>
    public static double Perplexity(IReadOnlyList<long> training, IReadOnlyList<long> validation)
    {
        double total = training.Sum() + training.Count, loss = 0;
        for (int id = 0; id < validation.Count; id++) loss -= validation[id] * Math.Log((training[id] + 1) / total);
        return Math.Exp(loss / validation.Sum());
    }

    private static long[] Count(TokenFile file, int vocabulary)
    {
        var counts = new long[vocabulary];
        var block = new int[Block];
        for (long start = 0; start < file.Count; start += Block)
        {
            Span<int> tokens = block.AsSpan(0, (int)Math.Min(Block, file.Count - start));
            file.Read(start, tokens);
            foreach (int token in tokens) counts[token]++;
        }
        return counts;
    }
}
