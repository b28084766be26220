using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace Looped.Models.Data.Preparation;

/// <summary>
/// How far an unfinished preparation has come: the first <see cref="Chunks"/> chunks are in the token files. Chunks follow from the sources
/// alone, so going on means to read them again (fast) and to encode from there (slow).
/// </summary>
/// <param name="Request">Which request it belongs to: <see cref="Identify"/>.</param>
/// <param name="Vocabulary">The characters, where these are the tokens.</param>
/// <param name="Chunks">Chunks that are written.</param>
/// <param name="Bytes">Bytes of the sources they stand for.</param>
/// <param name="Train">Tokens in the training file.</param>
/// <param name="Validation">Tokens in the validation file.</param>
/// <param name="HasText">Whether there was more than white space in them.</param>
internal sealed record PreparationNote(string Request, string? Vocabulary, long Chunks, long Bytes, long Train, long Validation, bool HasText)
{
    private const int Format = 1;
    private const string FileName = "unfinished.json";

    /// <summary>Whether a folder holds a note.</summary>
    public static bool Exists(string folder) => File.Exists(Path.Combine(folder, FileName));

    /// <summary>Removes a folder's note.</summary>
    public static void Remove(string folder) => File.Delete(Path.Combine(folder, FileName));

    /// <summary>A folder's note; null where there is none.</summary>
    /// <param name="folder">The unfinished folder.</param>
    /// <param name="request">The request that is to be gone on with.</param>
    /// <exception cref="UsageException">It is damaged, or belongs to another request.</exception>
    public static PreparationNote? Read(string folder, string request)
    {
        if (!Exists(folder)) return null;
        PreparationNote? note;
        try
        {
            note = JsonSerializer.Deserialize<PreparationNote>(File.ReadAllText(Path.Combine(folder, FileName)));
        }
        catch (JsonException e)
        {
            throw new UsageException($"{Path.Combine(folder, FileName)} is damaged; remove {folder} to begin again.", e);
        }
        return note?.Request == request
            ? note
            : throw new UsageException($"{folder} is an unfinished preparation with other options or of sources that have changed since; remove it to begin again, or choose another --out.");
    }

    /// <summary>Replaces a folder's note. What it speaks of must be on the disk.</summary>
    public void Write(string folder)
    {
        string path = Path.Combine(folder, FileName), next = path + ".next";
        using (var stream = new FileStream(next, FileMode.Create))
        {
            JsonSerializer.Serialize(stream, this);
            stream.Flush(flushToDisk: true);
        }
        File.Move(next, path, overwrite: true);
    }

    /// <summary>Equal for two requests that make the same chunks and ids, as far as can be told without reading the sources.</summary>
    /// <param name="request">The request; its threads do not matter.</param>
    /// <param name="files">Its files, by path, length and time of the last change.</param>
    /// <param name="tokenizer">What identifies the tokenizer.</param>
    public static string Identify(PreparationRequest request, IReadOnlyList<SourceFile> files, string tokenizer)
    {
        StringBuilder text = new StringBuilder().AppendLine(CultureInfo.InvariantCulture, $"{Format} {Chunk.Size} {tokenizer} {request.JsonKey} {request.Column} {request.ValidationShare}");
        foreach (SourceFile file in files)
            text.AppendLine(CultureInfo.InvariantCulture, $"{Path.GetFullPath(file.Path)} {file.Name} {file.Kind} {file.Bytes} {File.GetLastWriteTimeUtc(file.Path).Ticks}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
