using System.Globalization;

namespace Looped.Models.Data.Tasks;

/// <summary>A sum as tokens (STARS, section 1): `1750+4733= 3846§`, the answer from its last digit on.</summary>
/// <param name="Tokens">Ids of prompt and answer, the end included.</param>
/// <param name="PromptLength">Tokens up to and including the equals sign.</param>
internal sealed record AdditionText(int[] Tokens, int PromptLength)
{
    /// <summary>The characters; a character's place is its id.</summary>
    public const string Characters = "0123456789+= Ʌ§";

    /// <summary>What fills a batch on the right.</summary>
    public const int Padding = 13;

    /// <summary>A sum.</summary>
    public static AdditionText Of(long first, long second, long answer)
    {
        string prompt = string.Create(CultureInfo.InvariantCulture, $"{first}+{second}=");
        string reversed = string.Concat(answer.ToString(CultureInfo.InvariantCulture).Reverse());
        return new([.. $"{prompt} {reversed}§".Select(c => Characters.IndexOf(c, StringComparison.Ordinal))], prompt.Length);
    }

    /// <summary>The tokens up to and including the equals sign.</summary>
    public int[] Prompt => Tokens[..PromptLength];

    /// <summary>Tokens of the answer: a space and its digits, without the end.</summary>
    public int AnswerLength => Tokens.Length - PromptLength - 1;

    /// <summary>The number that an answer says, its digits in any company; null if there is no digit.</summary>
    public static Int128? Read(ReadOnlySpan<int> answer)
    {
        Int128 number = 0, place = 1;
        foreach (int id in answer)
        {
            if (id >= 10) continue;
            number += place * id;
            place *= 10;
        }
        return place > 1 ? number : null;
    }

    /// <summary>As a sequence of a batch.</summary>
    public Row Row => new(Tokens, Targets(Tokens.Length));

    /// <summary>The tokens, filled up to a length.</summary>
    public int[] Padded(int length) => [.. Tokens, .. Enumerable.Repeat(Padding, length - Tokens.Length)];

    /// <summary>What each position should predict: the answer and its end; nothing in the prompt and in the padding.</summary>
    public int[] Targets(int length) =>
        [.. Enumerable.Range(0, length).Select(i => i >= PromptLength - 1 && i < Tokens.Length - 1 ? Tokens[i + 1] : MicroBatch.Ignored)];
}
