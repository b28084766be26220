using System.Runtime.InteropServices;
using Looped.Models.Data;
using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Tests.Data;

/// <summary>Writes a small data set of given byte tokens.</summary>
internal static class PreparedFolder
{
    public static string Write(string folder, int[] train, int[] validation)
    {
        Directory.CreateDirectory(folder);
        var meta = new DatasetMeta(DatasetMeta.CurrentFormat, new TokenizerMeta("bytes", "bytes"), 256, [],
            WriteTokens(folder, "train.bin", train), WriteTokens(folder, "val.bin", validation), "");
        (meta with { ContentSha256 = meta.ComputeContentHash() }).Write(folder);
        return folder;
    }

    private static TokenFileMeta WriteTokens(string folder, string name, int[] tokens)
    {
        string path = Path.Combine(folder, name);
        File.WriteAllBytes(path, MemoryMarshal.AsBytes(Array.ConvertAll(tokens, t => (ushort)t).AsSpan()).ToArray());
        return new TokenFileMeta(name, tokens.Length, TokenFile.Sha256(path));
    }
}
