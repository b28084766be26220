using Looped.Models.Data.Tokenizers;
using Looped.Models.Evaluation;

namespace Looped.Models.Data;

/// <summary>A prepared data set: a folder with <c>train.bin</c>, <c>val.bin</c> and <c>meta.json</c> that stands on its own.</summary>
public sealed class TokenDataset : IDataset
{
    private TokenDataset(string folder, DatasetMeta meta, ITokenizer tokenizer)
    {
        (Folder, Meta, Tokenizer) = (folder, meta, tokenizer);
        Train = Open(meta.Train);
        Validation = Open(meta.Validation);

        TokenFile Open(TokenFileMeta file) => TokenFile.Open(Path.Combine(folder, file.File), file.Tokens, meta.VocabularySize);
    }

    /// <inheritdoc/>
    public string Folder { get; }

    /// <summary>What its <c>meta.json</c> says.</summary>
    public DatasetMeta Meta { get; }

    /// <inheritdoc/>
    public ITokenizer Tokenizer { get; }

    /// <summary>The training tokens.</summary>
    public TokenFile Train { get; }

    /// <summary>The validation tokens.</summary>
    public TokenFile Validation { get; }

    /// <inheritdoc/>
    public int VocabularySize => Meta.VocabularySize;

    /// <inheritdoc/>
    public string ContentHash => Meta.ContentSha256;

    /// <summary>Opens a folder after the checks that cost nothing: <c>meta.json</c>, the tokenizer, the lengths of the files.</summary>
    /// <exception cref="LoopedException">Something is missing or does not fit.</exception>
    public static TokenDataset Open(string folder)
    {
        DatasetMeta meta = DatasetMeta.Read(folder);
        ITokenizer tokenizer = TokenizerFactory.Open(meta.Tokenizer, folder);
        if (tokenizer.VocabularySize == meta.VocabularySize && tokenizer.Identity == meta.Tokenizer.Identity)
            return new TokenDataset(folder, meta, tokenizer);
        throw new LoopedException($"The tokenizer in {folder} is not the one its {DatasetMeta.FileName} describes; prepare the data again with `looped prepare`.");
    }

    /// <inheritdoc/>
    public IReadOnlyList<(string Path, string Sha256)> Files => [(Train.Path, Meta.Train.Sha256), (Validation.Path, Meta.Validation.Sha256)];

    /// <inheritdoc/>
    IMicroBatchSource IDataset.Training(int sequenceLength, long seed, int globalSequences, int microSequences) =>
        new MicroBatchSource(this, sequenceLength, seed, globalSequences, microSequences);

    /// <inheritdoc/>
    IValidationSource IDataset.Validation(int sequenceLength) => new ValidationSource(this, sequenceLength);

    /// <inheritdoc/>
    public double UnigramPerplexity() => Unigram.Perplexity(this);

    /// <inheritdoc/>
    public int[] Prompt(int tokens)
    {
        var ids = new int[Math.Min(tokens, Validation.Count)];
        Validation.Read(0, ids);
        return ids;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Train.Dispose();
        Validation.Dispose();
        Tokenizer.Dispose();
    }
}
