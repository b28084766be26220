using System.Globalization;
using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Data.Preparation;

/// <summary>
/// `train.bin` and `val.bin` as CoTFormer's own code writes them, with no `meta.json` beside them. They are used where they lie: what
/// `meta.json` would say is found out once and kept in the folder of prepared data.
/// </summary>
internal static class BareTokenFiles
{
    private const string Train = "train.bin", Validation = "val.bin";

    /// <summary>Whether a folder holds such files.</summary>
    public static bool AreIn(string folder) => File.Exists(Path.Combine(folder, Train)) && File.Exists(Path.Combine(folder, Validation));

    /// <summary>Opens them.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="tokenizer">What made them, as a recipe names it.</param>
    /// <param name="cacheFolder">Where descriptions are kept.</param>
    /// <exception cref="LoopedException">The tokenizer is not named or does not fit, or a file is damaged.</exception>
    public static TokenDataset Open(string folder, string tokenizer, string cacheFolder)
    {
        using ITokenizer known = (tokenizer.Length == 0 ? null : TokenizerFactory.Create(tokenizer))
            ?? throw new UsageException($"data.source: {folder} has {Train} and {Validation} but no {DatasetMeta.FileName} that says what made them; "
                + "name it with data.tokenizer: the path of a tokenizer.json (GPT-2's for the original's OpenWebText2), or bytes.");
        string described = Path.Combine(cacheFolder, Key(folder, known));
        if (!Directory.Exists(described))
        {
            try
            {
                using var made = new NewFolder(described);
                Describe(folder, known, made.Path).Write(made.Path);
                made.Keep();
            }
            catch (UsageException) when (File.Exists(Path.Combine(described, DatasetMeta.FileName)))
            {
                // Another process was faster, with the same.
            }
        }
        return TokenDataset.Open(described);
    }

    private static DatasetMeta Describe(string folder, ITokenizer tokenizer, string made)
    {
        var meta = new DatasetMeta(DatasetMeta.CurrentFormat, TokenizerFactory.Describe(tokenizer, made), tokenizer.VocabularySize, [],
            Examine(Path.GetFullPath(Path.Combine(folder, Train)), tokenizer), Examine(Path.GetFullPath(Path.Combine(folder, Validation)), tokenizer), "");
        return meta with { ContentSha256 = meta.ComputeContentHash() };
    }

    /// <summary>Reads a file whole, for its hash and its largest id.</summary>
    private static TokenFileMeta Examine(string path, ITokenizer tokenizer)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using FileStream file = File.OpenRead(path);
        if (file.Length == 0 || file.Length % sizeof(ushort) != 0)
            throw new LoopedException($"{path} has {file.Length} bytes, which are not whole tokens of two bytes each; copy it again.");
        var buffer = new byte[1 << 20];
        for (int read; (read = file.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false)) > 0;)
        {
            hash.AppendData(buffer, 0, read);
            ushort largest = TensorPrimitives.Max(MemoryMarshal.Cast<byte, ushort>(buffer.AsSpan(0, read)));
            if (largest >= tokenizer.VocabularySize)
                throw new UsageException($"{path} holds the id {largest}, but the tokenizer {tokenizer.Name} has only {tokenizer.VocabularySize:N0}; name the one that made the file with data.tokenizer.");
        }
        return new TokenFileMeta(path, file.Length / sizeof(ushort), Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    /// <summary>Names a description by the files' places, sizes and times: hashing gigabytes anew at each start would take minutes.</summary>
    private static string Key(string folder, ITokenizer tokenizer)
    {
        StringBuilder text = new StringBuilder().AppendLine(CultureInfo.InvariantCulture, $"bare {DatasetMeta.CurrentFormat} {tokenizer.Identity}");
        foreach (FileInfo file in (FileInfo[])[new(Path.Combine(folder, Train)), new(Path.Combine(folder, Validation))])
            text.AppendLine(CultureInfo.InvariantCulture, $"{file.FullName} {file.Length} {file.LastWriteTimeUtc.Ticks}");
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())))[..32];
    }
}
