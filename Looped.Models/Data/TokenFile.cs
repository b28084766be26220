using System.IO.MemoryMappedFiles;
using System.Security.Cryptography;

namespace Looped.Models.Data;

/// <summary>
/// A stream of token ids on disk: raw little-endian uint16, no header, memory-mapped, so that a file of any size costs no memory
/// and processes of one machine share its pages. May be read by several threads at once.
/// </summary>
public sealed class TokenFile : IDisposable
{
    private const int BytesPerToken = sizeof(ushort);
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    private TokenFile(string path, long count, int vocabularySize)
    {
        (Path, Count, VocabularySize) = (path, count, vocabularySize);
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Open, mapName: null, capacity: 0, MemoryMappedFileAccess.Read);
        _view = _file.CreateViewAccessor(0, count * BytesPerToken, MemoryMappedFileAccess.Read);
    }

    /// <summary>Where it is.</summary>
    public string Path { get; }

    /// <summary>Tokens in the file.</summary>
    public long Count { get; }

    /// <summary>Every id is below this.</summary>
    public int VocabularySize { get; }

    /// <summary>Opens a file after checking that it has the length it should have.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tokens">How many tokens its <c>meta.json</c> promises.</param>
    /// <param name="vocabularySize">Every id must be below this.</param>
    /// <exception cref="LoopedException">The file is missing, empty, or has another length.</exception>
    public static TokenFile Open(string path, long tokens, int vocabularySize)
    {
        var info = new FileInfo(path);
        if (!info.Exists) throw new LoopedException($"{path} is missing; prepare the data again with `looped prepare`.");
        if (info.Length != tokens * BytesPerToken)
        {
            throw new LoopedException(
                $"{path} has {info.Length} bytes where meta.json promises {tokens} tokens, which are {tokens * BytesPerToken} bytes; " +
                "it was cut short or replaced, so copy it again or prepare the data again with `looped prepare`.");
        }
        if (tokens == 0) throw new LoopedException($"{path} holds no tokens; prepare more text with `looped prepare`.");
        if (BitConverter.IsLittleEndian) return new TokenFile(path, tokens, vocabularySize);
        throw new LoopedException("Token files are little-endian, and this machine is not.");
    }

    /// <summary>Reads tokens <c>[start, start + destination.Length)</c>.</summary>
    /// <exception cref="LoopedException">An id lies outside the vocabulary: the file is damaged.</exception>
    public void Read(long start, Span<int> destination)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + destination.Length, Count);
        Span<ushort> raw = destination.Length <= 2048 ? stackalloc ushort[destination.Length] : new ushort[destination.Length];
        _view.SafeMemoryMappedViewHandle.ReadSpan((ulong)start * BytesPerToken, raw);
        for (int i = 0; i < raw.Length; i++)
        {
            if (raw[i] >= VocabularySize) throw OutsideVocabulary(start + i, raw[i]);
            destination[i] = raw[i];
        }
    }

    /// <summary>SHA-256 of the whole file, lower-case hexadecimal.</summary>
    public static string Sha256(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }

    private LoopedException OutsideVocabulary(long position, int id) => new(
        $"{Path}: token {position} has the id {id}, but the vocabulary has only {VocabularySize}; " +
        "the file is damaged, so prepare the data again with `looped prepare`.");
}
