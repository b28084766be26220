using System.Security.Cryptography;

namespace Looped.Models.Checkpoints;

/// <summary>Passes bytes on to another stream and hashes them on the way, so that a file is written and hashed in one pass.</summary>
internal sealed class HashingStream(Stream inner) : Stream
{
    // Small enough that a piece is still in the processor's cache when it is written after being hashed.
    private const int Piece = 256 * 1024;

    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _length;

    /// <summary>SHA-256 of what was written so far, in lower-case hexadecimal digits.</summary>
    public string Sha256 => Convert.ToHexStringLower(_hash.GetCurrentHash());

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => _length;

    public override long Position { get => _length; set => throw new NotSupportedException(); }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        for (; buffer.Length > 0; buffer = buffer[Math.Min(Piece, buffer.Length)..])
        {
            ReadOnlySpan<byte> piece = buffer[..Math.Min(Piece, buffer.Length)];
            _hash.AppendData(piece);
            inner.Write(piece);
            _length += piece.Length;
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) _hash.Dispose();
        base.Dispose(disposing);
    }
}
