using System.Security.Cryptography;
using System.Text.Unicode;

namespace Looped.Models.Data.Preparation;

/// <summary>Reads a source once from beginning to end, and hashes it on the way.</summary>
internal sealed class SourceReader : IDisposable
{
    private readonly SourceFile _file;
    private readonly FileStream _stream;
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);

    public SourceReader(SourceFile file)
    {
        _file = file;
        try
        {
            _stream = new FileStream(file.Path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LoopedException($"{file.Path} cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Bytes read so far.</summary>
    public long Position { get; private set; }

    /// <summary>Reads up to as many bytes as fit; 0 at the end of the file.</summary>
    public int Read(Span<byte> destination) => Read(destination, _file.Bytes);

    /// <summary>Reads up to as many bytes as fit, not beyond <paramref name="end"/>; 0 at the end.</summary>
    public int Read(Span<byte> destination, long end)
    {
        int wanted = (int)Math.Min(destination.Length, end - Position);
        if (wanted == 0) return 0;
        int read;
        try
        {
            read = _stream.Read(destination[..wanted]);
        }
        catch (IOException e)
        {
            throw new LoopedException($"{_file.Path} cannot be read: {e.Message}", e);
        }
        if (read == 0) throw BecameShorter();
        _hash.AppendData(destination[..read]);
        Position += read;
        return read;
    }

    /// <summary>Looks at bytes without moving on.</summary>
    public byte[] ReadAt(long offset, int count)
    {
        var bytes = new byte[count];
        int read = 0;
        while (read < count)
        {
            int more = RandomAccess.Read(_stream.SafeFileHandle, bytes.AsSpan(read), offset + read);
            if (more == 0) throw BecameShorter();
            read += more;
        }
        return bytes;
    }

    /// <summary>Reads what is left, so that the hash is that of the whole file.</summary>
    public void SkipRest()
    {
        var buffer = new byte[1 << 16];
        while (Read(buffer) > 0) { }
    }

    /// <summary>What `meta.json` says about the source once it has been read whole.</summary>
    public SourceMeta Finish() => new(_file.Name, Position, Convert.ToHexStringLower(_hash.GetHashAndReset()));

    public void Dispose()
    {
        _stream.Dispose();
        _hash.Dispose();
    }

    private LoopedException BecameShorter() =>
        new($"{_file.Path} became shorter while it was read; prepare it again when nothing writes to it.");

    /// <summary>The error for bytes that are not UTF-8.</summary>
    /// <param name="path">The file.</param>
    /// <param name="offset">Where the bytes begin in it.</param>
    /// <param name="bytes">Bytes with something invalid among them.</param>
    public static LoopedException NotUtf8(string path, long offset, ReadOnlySpan<byte> bytes)
    {
        Utf8.ToUtf16(bytes, new char[bytes.Length], out int valid, out _, replaceInvalidSequences: false);
        string hint = offset + valid == 0 && bytes is [0xFF, 0xFE, ..] or [0xFE, 0xFF, ..] ? " (it seems to be UTF-16)" : "";
        return new LoopedException($"{path} is not UTF-8 at byte {offset + valid}{hint}; convert it, for example with `iconv -t UTF-8`.");
    }
}
