namespace Looped.Models.Data.Tokenizers;

/// <summary>Text to token ids and back. Implementations may be used by several threads at once.</summary>
public interface ITokenizer : IDisposable
{
    /// <summary>What a person calls it: <c>bytes</c>, <c>characters</c>, or the path of a <c>tokenizer.json</c>.</summary>
    string Name { get; }

    /// <summary>Equal for two tokenizers exactly when they give the same ids: the kind, with a hash of what defines it.</summary>
    string Identity { get; }

    /// <summary>Ids are 0 … this − 1.</summary>
    int VocabularySize { get; }

    /// <summary>The token that ends every document in a token file, or null where the tokenizer has none.</summary>
    int? EndOfDocument { get; }

    /// <summary>
    /// The ids of a piece of text. What looks like a special token is ordinary text here: a document cannot end itself.
    /// </summary>
    /// <exception cref="LoopedException">The text cannot be written in this vocabulary.</exception>
    int[] Encode(string text);

    /// <summary>The text of ids, special tokens written out; bytes that are not UTF-8 become U+FFFD.</summary>
    string Decode(IReadOnlyList<int> ids);

    /// <summary>
    /// The last place at which a text may be cut so that the ids of both parts, one after the other, are the ids of the whole:
    /// between 1 and the text's length, or 0 if no such place is known. This is how texts of any length are encoded in parallel.
    /// </summary>
    int LastCut(ReadOnlySpan<char> text);
}
