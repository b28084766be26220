using System.Buffers;

namespace Looped.Models.Data;

/// <summary>
/// A token file seen as sequences: window i has tokens <c>[i·T, i·T + T)</c> as input and the same shifted by one as targets,
/// so windows do not overlap and there are <c>(count − 1) / T</c> of them.
/// </summary>
/// <param name="file">The tokens.</param>
/// <param name="length">T, tokens in a sequence.</param>
internal sealed class TokenWindows(TokenFile file, int length)
{
    /// <summary>How many windows there are; 0 if the file is shorter than one.</summary>
    public long Count => Windows(file.Count, length);

    /// <summary>T.</summary>
    public int Length => length;

    /// <summary>How many windows of <paramref name="length"/> tokens a stream of <paramref name="tokens"/> has.</summary>
    public static long Windows(long tokens, int length) => tokens == 0 ? 0 : (tokens - 1) / length;

    /// <summary>Reads windows into a micro-batch.</summary>
    public MicroBatch Read(long step, int index, ReadOnlySpan<long> windows)
    {
        int[] tokens = new int[windows.Length * length], targets = new int[windows.Length * length];
        int[] buffer = ArrayPool<int>.Shared.Rent(length + 1);
        for (int i = 0; i < windows.Length; i++)
        {
            Span<int> window = buffer.AsSpan(0, length + 1);
            file.Read(windows[i] * length, window);
            window[..length].CopyTo(tokens.AsSpan(i * length));
            window[1..].CopyTo(targets.AsSpan(i * length));
        }
        ArrayPool<int>.Shared.Return(buffer);
        return new MicroBatch(step, index, windows.Length, length, tokens, targets);
    }
}
