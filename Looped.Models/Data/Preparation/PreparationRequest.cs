namespace Looped.Models.Data.Preparation;

/// <summary>What to prepare, and how.</summary>
/// <param name="Sources">Text files, JSONL files, and folders with such.</param>
/// <param name="Tokenizer">`bytes`, `characters`, or the path of a `tokenizer.json`.</param>
/// <param name="Output">The folder to make; it must not exist, or be empty.</param>
/// <param name="JsonKey">In JSONL, the key of the text.</param>
/// <param name="Threads">Threads that tokenize; the result does not depend on it.</param>
public sealed record PreparationRequest(IReadOnlyList<string> Sources, string Tokenizer, string Output, string JsonKey = "text", int Threads = 1);

/// <summary>How far preparing has come.</summary>
/// <param name="BytesDone">Bytes of the sources that are done; sources that are read twice count twice.</param>
/// <param name="BytesTotal">All bytes.</param>
public readonly record struct PreparationProgress(long BytesDone, long BytesTotal);
