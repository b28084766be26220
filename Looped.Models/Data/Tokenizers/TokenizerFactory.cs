namespace Looped.Models.Data.Tokenizers;

/// <summary>Finds the tokenizer that a prepared folder names.</summary>
public static class TokenizerFactory
{
    /// <summary>Opens the tokenizer of a prepared folder.</summary>
    /// <param name="meta">What the folder's <c>meta.json</c> says about it.</param>
    /// <param name="folder">The folder, which holds the <c>tokenizer.json</c> where one was used.</param>
    /// <exception cref="LoopedException">The kind is unknown or its definition is missing.</exception>
    public static ITokenizer Open(TokenizerMeta meta, string folder)
    {
        ArgumentNullException.ThrowIfNull(meta);
        return meta.Kind switch
        {
            "bytes" => new ByteTokenizer(),
            "characters" => new CharacterTokenizer((meta.Vocabulary ?? "").EnumerateRunes()),
            "huggingface" => new HuggingFaceTokenizer(Path.Combine(folder, "tokenizer.json")),
            _ => throw new LoopedException($"The data in {folder} has a tokenizer of an unknown kind, '{meta.Kind}'; prepare it again with `looped prepare`."),
        };
    }
}
