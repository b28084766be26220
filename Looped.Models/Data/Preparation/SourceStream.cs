namespace Looped.Models.Data.Preparation;

/// <summary>A <see cref="SourceReader"/> for those who read a stream; it stays the caller's.</summary>
internal sealed class SourceStream(SourceReader reader) : Stream
{
    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => reader.Position;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer) => reader.Read(buffer);

    public override int Read(byte[] buffer, int offset, int count) => reader.Read(buffer.AsSpan(offset, count));

    public override void Flush() { }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
