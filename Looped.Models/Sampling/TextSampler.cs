using Looped.Models.Data.Tokenizers;
using Looped.Models.Families;
using Looped.Models.Randomness;
using static TorchSharp.torch;

namespace Looped.Models.Sampling;

/// <summary>How the next token is chosen.</summary>
/// <param name="Temperature">Divides the logits; 0 always takes the most likely token.</param>
/// <param name="TopK">Only the k most likely tokens are considered; 0 considers all.</param>
/// <param name="Seed">The random seed: the same seed gives the same text.</param>
/// <param name="Loops">Number of repeats, or null for the trained one.</param>
public sealed record SamplingOptions(double Temperature = 0.8, int TopK = 0, long Seed = 1337, int? Loops = null);

/// <summary>Writes text with a model, token by token, through its key–value caches.</summary>
public static class TextSampler
{
    /// <summary>Continues a prompt.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="prompt">At least one token of text.</param>
    /// <param name="tokens">How many tokens to add; text beyond the trained length is written with a sliding window of half that length.</param>
    /// <param name="options">How to choose.</param>
    /// <returns>The pieces of text as they are written; a token that does not end a character adds an empty one.</returns>
    /// <exception cref="LoopedException">The prompt has no token.</exception>
    public static IEnumerable<string> Continue(LanguageModel model, ITokenizer tokenizer, string prompt, int tokens, SamplingOptions options)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(options);
        var ids = tokenizer.Encode(prompt).ToList();
        if (ids.Count == 0) throw new UsageException("The prompt is empty; give at least one character with --prompt.");
        return Write(model, tokenizer, ids, tokens, options);
    }

    private static IEnumerable<string> Write(LanguageModel model, ITokenizer tokenizer, List<int> ids, int tokens, SamplingOptions options)
    {
        RandomStream random = RandomStream.Create(options.Seed, "sampling");
        IDecoder? decoder = null;
        int prompt = ids.Count, cached = 0, fed = 0;
        string written = "";
        try
        {
            for (int i = 0; i < tokens; i++)
            {
                if (decoder is null || cached + ids.Count - fed > model.SequenceLength)
                {
                    // The positions are used up: start over from the last half of the window.
                    decoder?.Dispose();
                    decoder = model.StartDecoding(1, options.Loops);
                    fed = Math.Max(0, ids.Count - (ids.Count > model.SequenceLength ? Math.Max(1, model.SequenceLength / 2) : ids.Count));
                    cached = 0;
                }
                double[] logits = Feed(decoder, ids[fed..], model);
                cached += ids.Count - fed;
                fed = ids.Count;
                ids.Add(Choose(logits.AsSpan(0, Math.Min(logits.Length, tokenizer.VocabularySize)), options, random.Uniform((ulong)i)));

                string text = tokenizer.Decode(ids[prompt..]);
                // Half a character decodes to U+FFFD; it is complete with a later token.
                if (text.EndsWith('\uFFFD') && i + 1 < tokens) continue;
                yield return text.Length > written.Length ? text[written.Length..] : "";
                written = text;
            }
        }
        finally
        {
            decoder?.Dispose();
        }
    }

    private static double[] Feed(IDecoder decoder, List<int> ids, LanguageModel model)
    {
        using var scope = NewDisposeScope();
        using IDisposable noGrad = no_grad();
        Tensor input = tensor(ids.ToArray(), dtype: ScalarType.Int64).view(1, -1).to(model.parameters().First().device);
        return [.. decoder.Next(input).to(ScalarType.Float64).cpu().view(-1).data<double>()];
    }

    /// <summary>Chooses a token by inverse transform over the softmax, most likely tokens first.</summary>
    /// <param name="logits">One per token.</param>
    /// <param name="options">Temperature and top-k.</param>
    /// <param name="uniform">A number in [0, 1).</param>
    internal static int Choose(ReadOnlySpan<double> logits, SamplingOptions options, double uniform)
    {
        int[] order = [.. Enumerable.Range(0, logits.Length)];
        double[] keys = logits.ToArray();
        Array.Sort(keys, order);
        Array.Reverse(keys);
        Array.Reverse(order);
        if (options.Temperature <= 0) return order[0];
        int considered = options.TopK > 0 ? Math.Min(options.TopK, order.Length) : order.Length;
        double[] weights = [.. keys.Take(considered).Select(l => Math.Exp((l - keys[0]) / options.Temperature))];
        double left = uniform * weights.Sum();
        for (int i = 0; i < considered; i++)
            if ((left -= weights[i]) < 0) return order[i];
        return order[considered - 1];
    }
}
