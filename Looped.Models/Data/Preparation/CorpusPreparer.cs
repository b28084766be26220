using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Data.Preparation;

/// <summary>
/// Turns text into a data set: reads the sources once (twice for characters, whose vocabulary has to be found first), encodes them in
/// parallel, and writes token files and `meta.json` into a temporary folder that gets its name when all is on disk.
/// Memory does not grow with the size of the sources, except where a tokenizer knows no place to cut a text.
/// </summary>
public static class CorpusPreparer
{
    /// <summary>Prepares a data set.</summary>
    /// <returns>What the new folder's `meta.json` says.</returns>
    /// <exception cref="LoopedException">A source, the tokenizer or the output cannot be used.</exception>
    public static DatasetMeta Prepare(PreparationRequest request, IProgress<PreparationProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentOutOfRangeException.ThrowIfLessThan(request.Threads, 1);
        using var folder = new NewFolder(request.Output);
        IReadOnlyList<SourceFile> files = SourceFile.Find(request.Sources);
        var run = new Run(request, files, progress, cancellation);
        using ITokenizer tokenizer = TokenizerFactory.Create(request.Tokenizer) ?? run.CollectCharacters();
        if (tokenizer.VocabularySize > TokenFileWriter.MaxVocabulary)
        {
            throw new UsageException($"The tokenizer {tokenizer.Name} has {tokenizer.VocabularySize:N0} ids, but token files hold two bytes per token, " +
                $"{TokenFileWriter.MaxVocabulary:N0} ids; choose a tokenizer with a smaller vocabulary.");
        }
        DatasetMeta meta = run.WriteTokens(folder.Path, tokenizer);
        folder.Keep();
        return meta;
    }

    private sealed class Run(PreparationRequest request, IReadOnlyList<SourceFile> files, IProgress<PreparationProgress>? progress, CancellationToken cancellation)
    {
        private long _total = files.Sum(f => f.Bytes), _done;

        public CharacterTokenizer CollectCharacters()
        {
            _total *= 2;
            using var collector = new CharacterCollector();
            Encode(collector, (_, _) => { }, _ => { });
            return collector.ToTokenizer();
        }

        public DatasetMeta WriteTokens(string folder, ITokenizer tokenizer)
        {
            var sources = new List<SourceMeta>();
            bool hasText = false;
            using var train = new TokenFileWriter(folder, "train.bin");
            using var validation = new TokenFileWriter(folder, "val.bin");
            Encode(tokenizer, (chunk, ids) =>
            {
                hasText |= chunk.HasText && ids.Length > 0;
                (chunk.Validation ? validation : train).Append(ids);
            }, sources.Add);
            if (!hasText) throw new UsageException($"There is no text in {string.Join(", ", request.Sources)}, or only white space; name sources with text.");
            // A sequence of one token and its target is the least that can be learnt from or measured.
            if (train.Count < 2 || validation.Count < 2)
            {
                throw new UsageException($"{string.Join(", ", request.Sources)}: {train.Count} tokens for training and {validation.Count} for validation " +
                    "(the last tenth of each text file, or of the documents of each JSONL file) are too few; use more text.");
            }
            TokenizerMeta described = TokenizerFactory.Describe(tokenizer, folder);
            var meta = new DatasetMeta(DatasetMeta.CurrentFormat, described, tokenizer.VocabularySize, sources, train.Finish(), validation.Finish(), "");
            meta = meta with { ContentSha256 = meta.ComputeContentHash() };
            meta.Write(folder);
            return meta;
        }

        private void Encode(ITokenizer tokenizer, Action<Chunk, int[]> sink, Action<SourceMeta> finished) =>
            ChunkPipeline.Run(files.SelectMany(file => Chunk.Of(file, tokenizer, request.JsonKey, finished)), tokenizer, request.Threads, (chunk, ids) =>
            {
                sink(chunk, ids);
                progress?.Report(new PreparationProgress(_done += chunk.Bytes, _total));
            }, cancellation);
    }
}
