namespace Looped.Models.Data.Preparation;

/// <summary>What to prepare, and how.</summary>
/// <param name="Sources">Text files, JSONL and Parquet files, archives (tar) of zstandard-compressed JSONL files, and folders with text, JSONL and Parquet files.</param>
/// <param name="Tokenizer">`bytes`, `characters`, or the path of a `tokenizer.json`.</param>
/// <param name="Output">The folder to make; it must not exist, or be empty.</param>
/// <param name="JsonKey">In JSONL, the key of the text.</param>
/// <param name="Threads">Threads that tokenize; the result does not depend on it.</param>
/// <param name="Archives">Whether the sources are archives, whatever they are called.</param>
/// <param name="ValidationShare">The share of each source's documents that is drawn by lot for validation, between 0 and 1; null for the last tenth. Not for text files.</param>
/// <param name="Resume">Whether what is done when it is interrupted stays, beside the output, and is gone on from the next time.</param>
/// <param name="Column">In Parquet, the column of the text.</param>
public sealed record PreparationRequest(IReadOnlyList<string> Sources, string Tokenizer, string Output, string JsonKey = "text", int Threads = 1,
    bool Archives = false, double? ValidationShare = null, bool Resume = false, string Column = "text")
{
    /// <summary>Bytes of the sources between two notes of how far it has come.</summary>
    internal long NoteEvery { get; init; } = 1 << 27;
}

/// <summary>How far preparing has come.</summary>
/// <param name="BytesDone">Bytes of the sources that are done; sources that are read twice count twice.</param>
/// <param name="BytesTotal">All bytes.</param>
public readonly record struct PreparationProgress(long BytesDone, long BytesTotal);
