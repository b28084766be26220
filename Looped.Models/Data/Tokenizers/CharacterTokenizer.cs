using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;

namespace Looped.Models.Data.Tokenizers;

/// <summary>Every Unicode character (scalar value) is a token; the vocabulary is what occurs in the text it was made from.</summary>
public sealed class CharacterTokenizer : ITokenizer
{
    private readonly Rune[] _characters;
    private readonly FrozenDictionary<Rune, int> _ids;

    /// <summary>Creates the tokenizer of a set of characters.</summary>
    /// <param name="characters">The characters in any order; ids follow their code points.</param>
    public CharacterTokenizer(IEnumerable<Rune> characters) : this([.. characters.Distinct().Order()]) { }

    private CharacterTokenizer(Rune[] characters)
    {
        _characters = characters;
        _ids = _characters.Select((rune, id) => KeyValuePair.Create(rune, id)).ToFrozenDictionary();
        Vocabulary = string.Concat(_characters);
        Identity = $"characters-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Vocabulary)))}";
    }

    /// <summary>The tokenizer of characters whose place is their id.</summary>
    /// <param name="characters">All of them, each once.</param>
    public static CharacterTokenizer InOrder(string characters) => new([.. characters.EnumerateRunes()]);

    /// <summary>All characters, in the order of their ids.</summary>
    public string Vocabulary { get; }

    /// <inheritdoc/>
    public string Name => "characters";

    /// <inheritdoc/>
    public string Identity { get; }

    /// <inheritdoc/>
    public int VocabularySize => _characters.Length;

    /// <inheritdoc/>
    public int? EndOfDocument => null;

    /// <inheritdoc/>
    public int[] Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new int[text.Length];
        int count = 0;
        foreach (Rune rune in text.EnumerateRunes())
            ids[count++] = _ids.TryGetValue(rune, out int id) ? id : throw Unknown(rune);
        return count == ids.Length ? ids : ids[..count];
    }

    /// <inheritdoc/>
    public string Decode(IReadOnlyList<int> ids)
    {
        ArgumentNullException.ThrowIfNull(ids);
        var text = new StringBuilder(ids.Count);
        foreach (int id in ids) text.Append(_characters[id].ToString());
        return text.ToString();
    }

    /// <inheritdoc/>
    public int LastCut(ReadOnlySpan<char> text) => text is [.., var last] && char.IsHighSurrogate(last) ? text.Length - 1 : text.Length;

    /// <inheritdoc/>
    public void Dispose() { }

    private LoopedException Unknown(Rune rune) => new(
        $"The character {(Rune.IsControl(rune) ? "" : $"'{rune}' ")}(U+{rune.Value:X4}) is not among the {VocabularySize} characters of the training text; " +
        "leave it out, or prepare the data with `--tokenizer bytes`, which can write every text.");
}
