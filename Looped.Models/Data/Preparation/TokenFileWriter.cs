using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Looped.Models.Data.Preparation;

/// <summary>Appends ids to a token file (raw little-endian uint16), counting and hashing them.</summary>
internal sealed class TokenFileWriter(string folder, string name) : IDisposable
{
    /// <summary>The largest vocabulary that two bytes can hold.</summary>
    public const int MaxVocabulary = 1 << 16;

    private readonly FileStream _stream = new(Path.Combine(folder, name), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0);
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _buffer = [];

    /// <summary>Tokens written so far.</summary>
    public long Count { get; private set; }

    public void Append(ReadOnlySpan<int> ids)
    {
        int length = ids.Length * sizeof(ushort);
        if (_buffer.Length < length) _buffer = new byte[length];
        for (int i = 0; i < ids.Length; i++) BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(i * sizeof(ushort)), checked((ushort)ids[i]));
        _hash.AppendData(_buffer, 0, length);
        _stream.Write(_buffer, 0, length);
        Count += ids.Length;
    }

    /// <summary>Brings the file to the disk and says what is in it.</summary>
    public TokenFileMeta Finish()
    {
        _stream.Flush(flushToDisk: true);
        return new TokenFileMeta(name, Count, Convert.ToHexStringLower(_hash.GetHashAndReset()));
    }

    public void Dispose()
    {
        _stream.Dispose();
        _hash.Dispose();
    }
}
