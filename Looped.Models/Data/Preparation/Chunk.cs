using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Data.Preparation;

/// <summary>A piece of the corpus that can be encoded on its own, on any thread.</summary>
/// <param name="Validation">Whether its tokens go to the validation file.</param>
/// <param name="Bytes">Bytes of the source that it stands for.</param>
/// <param name="HasText">Whether there is more in it than white space.</param>
/// <param name="Encode">Gives its ids, the end of documents included.</param>
internal sealed record Chunk(bool Validation, long Bytes, bool HasText, Func<ITokenizer, int[]> Encode)
{
    /// <summary>Characters, or bytes of JSON, that one chunk has about: enough to make handing it over cheap, little enough to keep memory small.</summary>
    public const int Size = 1 << 17;

    /// <summary>The chunks of a source, in order.</summary>
    /// <param name="file">The source.</param>
    /// <param name="tokenizer">Says where text can be cut.</param>
    /// <param name="request">Says where in a document its text is.</param>
    /// <param name="split">Which documents are for validation.</param>
    /// <param name="finished">Told about the source once it was read whole.</param>
    public static IEnumerable<Chunk> Of(SourceFile file, ITokenizer tokenizer, PreparationRequest request, DocumentSplit split, Action<SourceMeta> finished) =>
        file.Kind switch
        {
            SourceKind.Text => TextDocument.Chunks(file, tokenizer, finished),
            SourceKind.Parquet => ParquetRows.Chunks(file, request.Column, split, finished),
            _ => JsonLines.Chunks(file, request.JsonKey, split, finished),
        };

    /// <summary>Progress without tokens.</summary>
    public static Chunk Nothing(long bytes) => new(Validation: false, bytes, HasText: false, _ => []);
}
