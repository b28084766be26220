using System.Buffers;
using System.Text.Unicode;
using Looped.Models.Data.Tokenizers;

namespace Looped.Models.Data.Preparation;

/// <summary>
/// A range of a UTF-8 file as pieces of text, each cut where the tokenizer allows it; a piece grows beyond the block size only where
/// the tokenizer knows no cut.
/// </summary>
/// <param name="reader">The file, at the beginning of the range.</param>
/// <param name="path">The file's path, for errors.</param>
/// <param name="end">Where the range ends, at a character's boundary.</param>
/// <param name="tokenizer">Says where text can be cut.</param>
/// <param name="blockSize">Characters of a piece.</param>
internal sealed class Utf8BlockReader(SourceReader reader, string path, long end, ITokenizer tokenizer, int blockSize)
{
    private readonly byte[] _bytes = new byte[1 << 16];
    private char[] _text = new char[blockSize];
    private int _undecoded, _length;

    /// <summary>The next piece, or null at the end.</summary>
    public string? Next()
    {
        for (int wanted = blockSize; ; wanted *= 2)
        {
            while (_length < wanted && Fill()) { }
            if (_length < wanted) return _length == 0 ? null : Take(_length);
            if (tokenizer.LastCut(_text.AsSpan(0, _length)) is var cut and > 0) return Take(cut);
        }
    }

    private string Take(int count)
    {
        string piece = new(_text, 0, count);
        _text.AsSpan(count, _length - count).CopyTo(_text);
        _length -= count;
        return piece;
    }

    /// <summary>Reads and decodes some bytes; false at the end.</summary>
    private bool Fill()
    {
        long offset = reader.Position - _undecoded;
        int read = reader.Read(_bytes.AsSpan(_undecoded), end);
        int available = _undecoded + read;
        if (available == 0) return false;
        // No byte makes more than one UTF-16 unit.
        if (_text.Length < _length + available) Array.Resize(ref _text, Math.Max(_text.Length * 2, _length + available));
        ReadOnlySpan<byte> bytes = _bytes.AsSpan(0, available);
        OperationStatus status = Utf8.ToUtf16(bytes, _text.AsSpan(_length), out int used, out int written, replaceInvalidSequences: false, isFinalBlock: read == 0);
        if (status == OperationStatus.InvalidData) throw SourceReader.NotUtf8(path, offset, bytes);
        bytes[used..].CopyTo(_bytes);
        _undecoded = available - used;
        _length += written;
        return true;
    }
}
