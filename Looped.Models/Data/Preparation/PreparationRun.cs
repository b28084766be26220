using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Data.Preparation;

/// <summary>The passes over the sources of one request.</summary>
internal sealed class PreparationRun(
    PreparationRequest request, IReadOnlyList<SourceFile> files, IProgress<PreparationProgress>? progress, CancellationToken cancellation)
{
    private readonly DocumentSplit _split = new(request.ValidationShare);
    private readonly long _pass = files.Sum(f => f.Bytes * f.Readings);
    private long _earlier, _done;

    /// <summary>Reads everything for the characters that occur.</summary>
    public CharacterTokenizer CollectCharacters()
    {
        using var collector = new CharacterCollector();
        Encode(collector, skip: 0, (_, _) => { }, _ => { }, total: 2 * _pass);
        (_earlier, _done) = (_pass, 0);
        return collector.ToTokenizer();
    }

    /// <summary>Writes everything that a data set consists of into a folder.</summary>
    /// <param name="folder">The folder, with what was written before.</param>
    /// <param name="tokenizer">Makes the ids.</param>
    /// <param name="note">How far it had come before.</param>
    public DatasetMeta WriteTokens(string folder, ITokenizer tokenizer, PreparationNote note)
    {
        note = note with { Vocabulary = (tokenizer as CharacterTokenizer)?.Vocabulary };
        var sources = new List<SourceMeta>();
        using var train = new TokenFileWriter(folder, "train.bin", note.Train);
        using var validation = new TokenFileWriter(folder, "val.bin", note.Validation);
        _done = note.Bytes;
        long noted = note.Bytes;
        try
        {
            Encode(tokenizer, note.Chunks, Write, sources.Add, _earlier + _pass);
        }
        catch (OperationCanceledException) when (request.Resume && note.Chunks > 0)
        {
            Note();
            throw;
        }
        if (!note.HasText) throw new UsageException($"There is no text in {string.Join(", ", request.Sources)}, or only white space; name sources with text.");
        // A sequence of one token and its target is the least that can be learnt from or measured.
        if (train.Count < 2 || validation.Count < 2)
        {
            throw new UsageException($"{string.Join(", ", request.Sources)}: {train.Count} tokens for training and {validation.Count} for validation " +
                $"({_split}) are too few; use more text.");
        }
        TokenizerMeta described = TokenizerFactory.Describe(tokenizer, folder);
        var meta = new DatasetMeta(DatasetMeta.CurrentFormat, described, tokenizer.VocabularySize, sources, train.Finish(), validation.Finish(), "");
        meta = meta with { ContentSha256 = meta.ComputeContentHash() };
        meta.Write(folder);
        return meta;

        void Write(Chunk chunk, int[] ids)
        {
            (chunk.Validation ? validation : train).Append(ids);
            note = note with
            {
                Chunks = note.Chunks + 1,
                Bytes = note.Bytes + chunk.Bytes,
                Train = train.Count,
                Validation = validation.Count,
                HasText = note.HasText || (chunk.HasText && ids.Length > 0),
            };
            if (!request.Resume || note.Bytes - noted < request.NoteEvery) return;
            Note();
            noted = note.Bytes;
        }

        void Note()
        {
            train.Flush();
            validation.Flush();
            note.Write(folder);
        }
    }

    private void Encode(ITokenizer tokenizer, long skip, Action<Chunk, int[]> sink, Action<SourceMeta> finished, long total)
    {
        IEnumerable<Chunk> chunks = files.SelectMany(file => Chunk.Of(file, tokenizer, request, _split, finished));
        ChunkPipeline.Run(Skip(chunks, skip), tokenizer, request.Threads, (chunk, ids) =>
        {
            sink(chunk, ids);
            progress?.Report(new PreparationProgress(_earlier + (_done += chunk.Bytes), total));
        }, cancellation);
    }

    private IEnumerable<Chunk> Skip(IEnumerable<Chunk> chunks, long count)
    {
        foreach (Chunk chunk in chunks)
        {
            cancellation.ThrowIfCancellationRequested();
            if (count-- <= 0) yield return chunk;
        }
    }
}
