namespace Looped.Models.Data.Preparation;

/// <summary>A line of a file.</summary>
/// <param name="Source">What an error calls the file.</param>
/// <param name="Number">From 1.</param>
/// <param name="Offset">Where it begins in the file.</param>
/// <param name="Bytes">Its bytes without the line feed and without a byte-order mark.</param>
internal sealed record Line(string Source, long Number, long Offset, byte[] Bytes)
{
    /// <summary>Whether it holds nothing but white space.</summary>
    public bool IsBlank => Bytes.AsSpan().IndexOfAnyExcept(" \t\r"u8) < 0;
}

/// <summary>The lines of a stream as bytes, of any length.</summary>
/// <param name="stream">Where they come from.</param>
/// <param name="source">What an error calls it.</param>
internal sealed class LineReader(Stream stream, string source)
{
    private byte[] _buffer = new byte[1 << 17];
    private int _start, _scanned, _end;
    private long _number, _offset;

    /// <summary>The next line, or null at the end.</summary>
    public Line? Next()
    {
        while (true)
        {
            int found = _buffer.AsSpan(_scanned, _end - _scanned).IndexOf((byte)'\n');
            if (found >= 0) return Take(_scanned + found - _start, 1);
            _scanned = _end;
            if (!Fill()) return _end > _start ? Take(_end - _start, 0) : null;
        }
    }

    private Line Take(int length, int separator)
    {
        ReadOnlySpan<byte> bytes = _buffer.AsSpan(_start, length);
        if (_number == 0 && bytes is [0xEF, 0xBB, 0xBF, ..]) bytes = bytes[3..];
        var line = new Line(source, ++_number, _offset + length - bytes.Length, bytes.ToArray());
        _start = _scanned = _start + length + separator;
        _offset += length + separator;
        return line;
    }

    private bool Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            (_scanned, _end, _start) = (_scanned - _start, _end - _start, 0);
        }
        if (_end == _buffer.Length) Array.Resize(ref _buffer, _buffer.Length * 2);
        int read = stream.Read(_buffer.AsSpan(_end));
        _end += read;
        return read > 0;
    }
}
