using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Looped.Models.Checkpoints;
using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Data.Chat;

/// <summary>The content of `chat.json`: what a folder of conversations holds.</summary>
/// <param name="Format">The layout, <see cref="CurrentFormat"/>.</param>
/// <param name="Tokenizer">How text became ids.</param>
/// <param name="VocabularySize">Every id is below this.</param>
/// <param name="System">The first message of each conversation.</param>
/// <param name="Mask">What is scored.</param>
/// <param name="MostTokens">Conversations were cut off there.</param>
/// <param name="Train">Those to train on.</param>
/// <param name="Validation">Those to evaluate on.</param>
/// <param name="ContentSha256">Identifies the data set: <see cref="ComputeContentHash"/>.</param>
public sealed record ChatMeta(int Format, TokenizerMeta Tokenizer, int VocabularySize, string System, string Mask, int MostTokens, ChatPart Train,
    ChatPart Validation, string ContentSha256)
{
    /// <summary>The layout this program writes and reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>The file's name within the folder.</summary>
    public const string FileName = "chat.json";

    /// <summary>One hash over everything that decides what a model is fed.</summary>
    public string ComputeContentHash() => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(
        $"looped chat {Format}\n{Tokenizer.Identity}\n{VocabularySize}\n{Train.TokensSha256} {Train.RowsSha256}\n{Validation.TokensSha256} {Validation.RowsSha256}\n")));

    /// <summary>Reads and checks a folder's `chat.json`.</summary>
    /// <exception cref="LoopedException">It is damaged, or of another version.</exception>
    public static ChatMeta Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            ChatMeta meta = JsonSerializer.Deserialize<ChatMeta>(File.ReadAllBytes(path), CheckpointJson.Options) ?? throw new JsonException("it is empty");
            if (meta.Format != CurrentFormat) throw new JsonException($"its format is {meta.Format}, and this version reads {CurrentFormat}");
            return meta.ContentSha256 == meta.ComputeContentHash() ? meta : throw new JsonException("it was changed by hand: its content_sha256 does not fit");
        }
        catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException)
        {
            throw new LoopedException($"{path} cannot be read ({e.Message}); prepare the data again with `looped prepare chat`.", e);
        }
    }

    /// <summary>Writes it into a folder.</summary>
    public void Write(string folder) => File.WriteAllBytes(Path.Combine(folder, FileName), JsonSerializer.SerializeToUtf8Bytes(this, CheckpointJson.Options));
}

/// <summary>Conversations: `NAME.bin` has their ids one after the other, `NAME.rows` three little-endian int32 for each: its length, the first scored id, the first after the scored ones.</summary>
/// <param name="Rows">How many.</param>
/// <param name="Tokens">Ids of all of them.</param>
/// <param name="TokensSha256">Hash of `NAME.bin`.</param>
/// <param name="RowsSha256">Hash of `NAME.rows`.</param>
public sealed record ChatPart(long Rows, long Tokens, string TokensSha256, string RowsSha256);
