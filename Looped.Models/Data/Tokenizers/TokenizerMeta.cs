namespace Looped.Models.Data.Tokenizers;

/// <summary>The tokenizer of a prepared data set.</summary>
/// <param name="Kind">`bytes`, `characters` or `huggingface`.</param>
/// <param name="Identity">See <see cref="ITokenizer.Identity"/>.</param>
/// <param name="Vocabulary">For `characters`: all of them, in the order of their ids.</param>
/// <param name="Path">For `huggingface`: where the tokenizer.json came from; a copy lies in the folder.</param>
/// <param name="Sha256">For `huggingface`: the hash of that file.</param>
public sealed record TokenizerMeta(string Kind, string Identity, string? Vocabulary = null, string? Path = null, string? Sha256 = null);
