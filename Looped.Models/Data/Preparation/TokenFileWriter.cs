using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Looped.Models.Data.Preparation;

/// <summary>Appends ids to a token file (raw little-endian uint16), counting and hashing them.</summary>
internal sealed class TokenFileWriter : IDisposable
{
    /// <summary>The largest vocabulary that two bytes can hold.</summary>
    public const int MaxVocabulary = 1 << 16;

    // What .NET gives as HResult on Linux: the numbers of ENOSPC and EDQUOT.
    private const int NoSpace = 28, QuotaExceeded = 122;

    private readonly string _path, _name;
    private readonly FileStream _stream;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private byte[] _buffer = [];

    /// <summary>Begins a file, or goes on with one.</summary>
    /// <param name="folder">Where it is.</param>
    /// <param name="name">Its name.</param>
    /// <param name="tokens">Tokens of the file to keep; what follows them is cut off.</param>
    /// <exception cref="LoopedException">The file holds fewer.</exception>
    public TokenFileWriter(string folder, string name, long tokens = 0)
    {
        (_path, _name, Count) = (Path.Combine(folder, name), name, tokens);
        _stream = new FileStream(_path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read, bufferSize: 0);
        long kept = tokens * sizeof(ushort);
        if (_stream.Length < kept) throw new LoopedException($"{_path} is shorter than it was when it was left; remove {folder} to begin again.");
        if (_stream.Length > kept) _stream.SetLength(kept);
        var buffer = new byte[kept > 0 ? 1 << 20 : 0];
        while (_stream.Position < kept) _hash.AppendData(buffer, 0, _stream.Read(buffer));
    }

    /// <summary>Tokens written so far.</summary>
    public long Count { get; private set; }

    /// <exception cref="LoopedException">The disk is full, or cannot be written to.</exception>
    public void Append(ReadOnlySpan<int> ids)
    {
        int length = ids.Length * sizeof(ushort);
        if (_buffer.Length < length) _buffer = new byte[length];
        for (int i = 0; i < ids.Length; i++) BinaryPrimitives.WriteUInt16LittleEndian(_buffer.AsSpan(i * sizeof(ushort)), checked((ushort)ids[i]));
        _hash.AppendData(_buffer, 0, length);
        Do(stream => stream.Write(_buffer, 0, length));
        Count += ids.Length;
    }

    /// <summary>Brings what was written to the disk.</summary>
    /// <exception cref="LoopedException">The disk is full, or cannot be written to.</exception>
    public void Flush() => Do(stream => stream.Flush(flushToDisk: true));

    /// <summary>Brings the file to the disk and says what is in it.</summary>
    public TokenFileMeta Finish()
    {
        Flush();
        return new TokenFileMeta(_name, Count, Convert.ToHexStringLower(_hash.GetHashAndReset()));
    }

    public void Dispose()
    {
        _stream.Dispose();
        _hash.Dispose();
    }

    private void Do(Action<FileStream> work)
    {
        try
        {
            work(_stream);
        }
        catch (IOException e)
        {
            string what = e.HResult is NoSpace or QuotaExceeded ? "the disk is full" : e.Message;
            throw new LoopedException($"{_path} cannot be written after {Count:N0} tokens: {what}; make room, or choose an --out elsewhere, and run the command again.", e);
        }
    }
}
