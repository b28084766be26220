using System.Text;
using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Data.Preparation;

/// <summary>Stands in for a tokenizer in a first pass over the corpus, and remembers which characters occur.</summary>
internal sealed class CharacterCollector : ITokenizer
{
    // Threads only ever write `true`, so they need no lock.
    private readonly bool[] _seen = new bool[0x11_0000];

    public string Name => "characters";

    public string Identity => "characters";

    public int VocabularySize => 0;

    public int? EndOfDocument => null;

    /// <summary>The tokenizer of all characters seen.</summary>
    public CharacterTokenizer ToTokenizer() => new(Enumerable.Range(0, _seen.Length).Where(c => _seen[c]).Select(c => new Rune(c)));

    public int[] Encode(string text)
    {
        foreach (Rune rune in text.EnumerateRunes()) _seen[rune.Value] = true;
        return [];
    }

    public int LastCut(ReadOnlySpan<char> text) => text.Length;

    public string Decode(IReadOnlyList<int> ids) => throw new NotSupportedException();

    public void Dispose() { }
}
