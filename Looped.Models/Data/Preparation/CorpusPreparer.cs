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
        using var folder = new NewFolder(request.Output, request.Resume);
        IReadOnlyList<SourceFile> files = SourceFile.Find(request.Sources, request.Archives);
        if (request.ValidationShare is not null && files.FirstOrDefault(f => f.Kind == SourceKind.Text) is { } text)
            throw new UsageException($"{text.Path} is one text, so no documents of it can be drawn for validation; leave --validation out, or name files of documents.");
        using ITokenizer? known = TokenizerFactory.Create(request.Tokenizer);
        string identity = PreparationNote.Identify(request, files, known?.Identity ?? request.Tokenizer);
        PreparationNote note = (request.Resume ? PreparationNote.Read(folder.Path, identity) : null) ?? new PreparationNote(identity, null, 0, 0, 0, 0, HasText: false);
        var run = new PreparationRun(request, files, progress, cancellation);
        using ITokenizer tokenizer = known ?? (note.Vocabulary is { } seen ? new CharacterTokenizer(seen.EnumerateRunes()) : run.CollectCharacters());
        if (tokenizer.VocabularySize > TokenFileWriter.MaxVocabulary)
        {
            throw new UsageException($"The tokenizer {tokenizer.Name} has {tokenizer.VocabularySize:N0} ids, but token files hold two bytes per token, " +
                $"{TokenFileWriter.MaxVocabulary:N0} ids; choose a tokenizer with a smaller vocabulary.");
        }
        DatasetMeta meta = run.WriteTokens(folder.Path, tokenizer, note);
        folder.Keep();
        return meta;
    }

    /// <summary>The folder in which an interrupted preparation waits to be gone on with; null if there is none.</summary>
    /// <param name="output">The folder that it is to make.</param>
    public static string? Unfinished(string output)
    {
        string folder = NewFolder.Unfinished(output);
        return PreparationNote.Exists(folder) ? folder : null;
    }
}
