namespace Looped.Models.Data.Tokenizers;

/// <summary>Makes tokenizers from what a person writes and from what a prepared folder says.</summary>
public static class TokenizerFactory
{
    private const string Bytes = "bytes", Characters = "characters", HuggingFace = "huggingface", FileName = "tokenizer.json";

    /// <summary>The tokenizer that a recipe or a command names.</summary>
    /// <param name="name">`bytes`, `characters`, or the path of a `tokenizer.json` or of a folder with one.</param>
    /// <returns>The tokenizer, or null for characters: their vocabulary comes from the text.</returns>
    /// <exception cref="UsageException">There is no such tokenizer.</exception>
    public static ITokenizer? Create(string name) => name switch
    {
        Bytes => new ByteTokenizer(),
        Characters => null,
        _ when File.Exists(name) => new HuggingFaceTokenizer(name),
        _ when File.Exists(Path.Combine(name, FileName)) => new HuggingFaceTokenizer(Path.Combine(name, FileName)),
        _ => throw new UsageException($"There is no tokenizer '{name}': write `{Bytes}`, `{Characters}`, or the path of a {FileName}."),
    };

    /// <summary>What `meta.json` says about a tokenizer; its definition is copied into the folder, which then stands on its own.</summary>
    public static TokenizerMeta Describe(ITokenizer tokenizer, string folder)
    {
        switch (tokenizer)
        {
            case ByteTokenizer:
                return new TokenizerMeta(Bytes, tokenizer.Identity);
            case CharacterTokenizer characters:
                return new TokenizerMeta(Characters, tokenizer.Identity, Vocabulary: characters.Vocabulary);
            case HuggingFaceTokenizer file:
                File.WriteAllBytes(Path.Combine(folder, FileName), file.Definition.Span);
                return new TokenizerMeta(HuggingFace, tokenizer.Identity, Path: file.Name, Sha256: file.Sha256);
            default:
                throw new NotSupportedException($"No description for a {tokenizer?.GetType().Name}.");
        }
    }

    /// <summary>Opens the tokenizer of a prepared folder.</summary>
    /// <param name="meta">What the folder's <c>meta.json</c> says about it.</param>
    /// <param name="folder">The folder, which holds the <c>tokenizer.json</c> where one was used.</param>
    /// <exception cref="LoopedException">The kind is unknown or its definition is missing.</exception>
    public static ITokenizer Open(TokenizerMeta meta, string folder)
    {
        ArgumentNullException.ThrowIfNull(meta);
        return meta.Kind switch
        {
            Bytes => new ByteTokenizer(),
            Characters => new CharacterTokenizer((meta.Vocabulary ?? "").EnumerateRunes()),
            HuggingFace => new HuggingFaceTokenizer(Path.Combine(folder, FileName)),
            _ => throw new LoopedException($"The data in {folder} has a tokenizer of an unknown kind, '{meta.Kind}'; prepare it again with `looped prepare`."),
        };
    }
}
