using System.Text;

namespace Looped.Models.Data.Tokenizers;

/// <summary>Every byte of the UTF-8 text is a token: 256 ids, nothing to learn, nothing to store.</summary>
public sealed class ByteTokenizer : ITokenizer
{
    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <inheritdoc/>
    public string Name => "bytes";

    /// <inheritdoc/>
    public string Identity => "bytes";

    /// <inheritdoc/>
    public int VocabularySize => 256;

    /// <inheritdoc/>
    public int? EndOfDocument => null;

    /// <inheritdoc/>
    public int[] Encode(string text)
    {
        try
        {
            return Array.ConvertAll(Strict.GetBytes(text), b => (int)b);
        }
        catch (EncoderFallbackException e)
        {
            throw new LoopedException($"The text has half a surrogate pair at position {e.Index} and so is not Unicode; remove it.", e);
        }
    }

    /// <inheritdoc/>
    public string Decode(IReadOnlyList<int> ids) => Encoding.UTF8.GetString([.. ids.Select(id => checked((byte)id))]);

    /// <inheritdoc/>
    public int LastCut(ReadOnlySpan<char> text) => text is [.., var last] && char.IsHighSurrogate(last) ? text.Length - 1 : text.Length;

    /// <inheritdoc/>
    public void Dispose() { }
}
