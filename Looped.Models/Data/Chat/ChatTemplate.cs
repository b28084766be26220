using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Data.Chat;

/// <summary>Which tokens of a conversation are scored.</summary>
public enum AnswerMask
{
    /// <summary>The answer and the token that ends it.</summary>
    Answer,

    /// <summary>As the published code of STARS: the last ids, as many as the answer has. The end of the message follows the answer, so that its first tokens are left out (section 7, 10).</summary>
    Reference,
}

/// <summary>A conversation as ids, and which of them are to be predicted.</summary>
/// <param name="Ids">All of it.</param>
/// <param name="From">The first that is scored.</param>
/// <param name="To">The first after those that are scored.</param>
public sealed record ChatText(int[] Ids, int From, int To);

/// <summary>
/// The chat format of Ouro and SmolLM2: each message is `&lt;|im_start|&gt;ROLE`, a line break, its text, `&lt;|im_end|&gt;` and a line break (STARS, section 6.1).
/// The line break after the last role is encoded by itself, as it stands when a model is asked, so that training and use see the same ids.
/// </summary>
public sealed class ChatTemplate
{
    private const string StartText = "<|im_start|>", EndText = "<|im_end|>";

    private readonly HuggingFaceTokenizer _tokenizer;
    private readonly int[] _system, _break;
    private readonly int _start, _end;

    /// <summary>The template of a tokenizer.</summary>
    /// <param name="tokenizer">It stays the caller's.</param>
    /// <param name="system">The first message; empty for none.</param>
    /// <exception cref="UsageException">The tokenizer has no tokens for it.</exception>
    public ChatTemplate(HuggingFaceTokenizer tokenizer, string system)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        ArgumentNullException.ThrowIfNull(system);
        _tokenizer = tokenizer;
        (_start, _end, _break) = (Special(StartText), Special(EndText), tokenizer.Encode("\n"));
        _system = system.Length > 0 ? Message("system", system) : [];
    }

    /// <summary>The token that ends a message; a model that answers stops there.</summary>
    public int End => _end;

    /// <summary>A question, up to where the answer begins.</summary>
    public int[] Prompt(string problem) => [.. _system, .. Message("user", problem), _start, .. _tokenizer.Encode("assistant\n")];

    /// <summary>A question with its answer.</summary>
    /// <param name="problem">The question.</param>
    /// <param name="solution">The answer.</param>
    /// <param name="most">Ids that are kept; the rest is cut off.</param>
    /// <param name="mask">What is scored.</param>
    public ChatText Encode(string problem, string solution, int most, AnswerMask mask)
    {
        int[] prompt = Prompt(problem), answer = _tokenizer.Encode(solution);
        int[] all = [.. prompt, .. answer, _end, .. _break];
        int length = Math.Min(all.Length, most);
        return mask == AnswerMask.Answer
            ? new(all[..length], Math.Min(prompt.Length, length), Math.Min(prompt.Length + answer.Length + 1, length))
            : new(all[..length], Math.Max(length - answer.Length, 0), length);
    }

    private int[] Message(string role, string text) => [_start, .. _tokenizer.Encode($"{role}\n{text}"), _end, .. _break];

    private int Special(string text) => _tokenizer.Encode(text, parseSpecial: true, addSpecial: false) is [int id]
        ? id
        : throw new UsageException($"{_tokenizer.Name} has no token {text}, so it has no chat format; choose the tokenizer of a chat model.");
}
