namespace Looped.Models.Checkpoints;

/// <summary>
/// Writes safetensors files. Tensors stand in the order given, so the bytes after the header are the parameters in order, and equal
/// lists of tensors give equal files: nothing about time, host, path or run goes in.
/// </summary>
public static class SafetensorsWriter
{
    /// <summary>Streams tensors one by one; the stream is neither flushed nor closed.</summary>
    /// <param name="stream">Gets header and data.</param>
    /// <param name="tensors">Names must differ.</param>
    /// <param name="metadata">Texts for <c>__metadata__</c>; none leaves it out.</param>
    /// <exception cref="LoopedException">Two tensors share a name, or one's data does not fit its shape.</exception>
    public static void Write(Stream stream, IReadOnlyList<NamedTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(tensors);
        stream.Write(SafetensorsHeader.Of(tensors, metadata).ToBytes());
        foreach (NamedTensor tensor in tensors) stream.Write(tensor.Data.Span);
    }

    /// <summary>Writes a new file or replaces one.</summary>
    /// <exception cref="LoopedException">As the other overload, or the file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<NamedTensor> tensors, IReadOnlyDictionary<string, string>? metadata = null)
    {
        try
        {
            using FileStream file = File.Create(path);
            Write(file, tensors, metadata);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LoopedException($"The tensors cannot be written to {path}: {e.Message}", e);
        }
    }
}
