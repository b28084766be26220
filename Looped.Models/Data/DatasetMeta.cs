using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Data;

/// <summary>What <c>meta.json</c> beside the token files says. Keys are the property names in snake case.</summary>
/// <param name="Format">The version of the layout, <see cref="CurrentFormat"/>.</param>
/// <param name="Tokenizer">How the text became ids.</param>
/// <param name="VocabularySize">Every id is below this.</param>
/// <param name="Sources">The texts, in the order in which they were read.</param>
/// <param name="Train">The training tokens.</param>
/// <param name="Validation">The validation tokens.</param>
/// <param name="ContentSha256">Identifies the data set: <see cref="ComputeContentHash"/>.</param>
public sealed record DatasetMeta(int Format, TokenizerMeta Tokenizer, int VocabularySize, IReadOnlyList<SourceMeta> Sources,
    TokenFileMeta Train, TokenFileMeta Validation, string ContentSha256)
{
    /// <summary>The layout this program writes and reads.</summary>
    public const int CurrentFormat = 1;

    /// <summary>The file's name within the folder.</summary>
    public const string FileName = "meta.json";

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>
    /// One hash over everything that decides what a model is fed: the tokenizer's identity and both token files.
    /// Names of files and folders do not enter, so a copied data set is the same data set.
    /// </summary>
    public string ComputeContentHash()
    {
        string text = $"looped tokens {Format}\n{Tokenizer.Identity}\n{VocabularySize}\n" +
            $"{Train.Tokens} {Train.Sha256}\n{Validation.Tokens} {Validation.Sha256}\n";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
    }

    /// <summary>Reads and checks a folder's <c>meta.json</c>.</summary>
    /// <exception cref="LoopedException">It is missing, damaged, or of another version.</exception>
    public static DatasetMeta Read(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) throw new LoopedException($"{folder} is no prepared data: it has no {FileName}. Make it with `looped prepare`.");
        DatasetMeta meta;
        try
        {
            using FileStream stream = File.OpenRead(path);
            meta = JsonSerializer.Deserialize<DatasetMeta>(stream, Json) ?? throw new JsonException("it is empty");
        }
        catch (JsonException e)
        {
            throw new LoopedException($"{path} cannot be read ({e.Message}); prepare the data again with `looped prepare`.", e);
        }
        if (meta.Format != CurrentFormat)
        {
            throw new LoopedException($"{path} has format {meta.Format}, this program reads format {CurrentFormat}; " +
                "prepare the data again with `looped prepare`.");
        }
        return meta.ContentSha256 == meta.ComputeContentHash()
            ? meta
            : throw new LoopedException($"{path} was changed by hand: its content_sha256 does not fit; prepare the data again with `looped prepare`.");
    }

    /// <summary>Writes <c>meta.json</c> into a folder.</summary>
    public void Write(string folder) => File.WriteAllText(Path.Combine(folder, FileName), JsonSerializer.Serialize(this, Json) + "\n");
}

/// <summary>A text that went into a data set.</summary>
/// <param name="Name">The path relative to the source that was named.</param>
/// <param name="Bytes">Its length.</param>
/// <param name="Sha256">Its hash.</param>
public sealed record SourceMeta(string Name, long Bytes, string Sha256);

/// <summary>A token file of a data set.</summary>
/// <param name="File">Its name within the folder.</param>
/// <param name="Tokens">How many tokens it holds.</param>
/// <param name="Sha256">Its hash.</param>
public sealed record TokenFileMeta(string File, long Tokens, string Sha256);
