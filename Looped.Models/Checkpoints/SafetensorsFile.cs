using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;

namespace Looped.Models.Checkpoints;

/// <summary>
/// A safetensors file open for reading. The header is read and checked at once, a tensor's data only when it is asked for; a tensor
/// may start at any byte, so data is copied and never reinterpreted in place. Safe to use from several threads.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly long _dataStart;
    private readonly SafetensorsHeader _header;
    private readonly Dictionary<string, SafetensorsEntry> _byName;

    private SafetensorsFile(string path, SafeFileHandle file, long dataStart, SafetensorsHeader header)
    {
        (Path, _file, _dataStart, _header) = (path, file, dataStart, header);
        _byName = header.Entries.ToDictionary(e => e.Name);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Every tensor, in the order of their data.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries => _header.Entries;

    /// <summary>The texts under <c>__metadata__</c>; empty if there are none.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _header.Metadata;

    /// <summary>Opens a file and checks its header.</summary>
    /// <exception cref="LoopedException">It cannot be read, or is not a whole and valid safetensors file; the message says why.</exception>
    public static SafetensorsFile Open(string path)
    {
        SafeFileHandle? file = null;
        try
        {
            file = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
            (long dataStart, SafetensorsHeader header) = ReadHeader(file);
            return new SafetensorsFile(path, file, dataStart, header);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            file?.Dispose();
            throw new LoopedException($"The tensors in {path} cannot be read: {e.Message}", e);
        }
        catch (FormatException e)
        {
            file?.Dispose();
            throw new LoopedException($"{path} is not a usable safetensors file: {e.Message}.", e);
        }
    }

    /// <summary>All tensors of a file, in the order of their data.</summary>
    /// <exception cref="LoopedException">As <see cref="Open"/> and <see cref="Read"/>.</exception>
    public static IReadOnlyList<NamedTensor> ReadAll(string path)
    {
        using SafetensorsFile file = Open(path);
        return [.. file.Entries.Select(e => file.Read(e.Name))];
    }

    /// <summary>Whether there is a tensor of this name.</summary>
    public bool Contains(string name) => _byName.ContainsKey(name);

    /// <summary>Copies one tensor from the file.</summary>
    /// <exception cref="LoopedException">There is none of this name, it is larger than 2 GiB, or the file was cut since it was opened.</exception>
    public NamedTensor Read(string name)
    {
        if (!_byName.TryGetValue(name, out SafetensorsEntry? entry)) throw new LoopedException($"There is no tensor '{name}' in {Path}.");
        if (entry.Length > Array.MaxLength)
            throw new LoopedException($"Tensor '{name}' in {Path} has {entry.Length} bytes; a single tensor may have {Array.MaxLength}.");
        byte[] data = GC.AllocateUninitializedArray<byte>((int)entry.Length);
        try
        {
            return ReadFully(_file, data, _dataStart + entry.Offset)
                ? new NamedTensor(name, entry.Type, entry.Shape, data)
                : throw new LoopedException($"{Path} ended within tensor '{name}': it was cut short while it was read.");
        }
        catch (IOException e)
        {
            throw new LoopedException($"Tensor '{name}' cannot be read from {Path}: {e.Message}", e);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _file.Dispose();

    private static (long DataStart, SafetensorsHeader Header) ReadHeader(SafeFileHandle file)
    {
        long fileLength = RandomAccess.GetLength(file);
        Span<byte> prefix = stackalloc byte[SafetensorsHeader.PrefixLength];
        if (!ReadFully(file, prefix, 0)) throw new FormatException($"it has only {fileLength} bytes");
        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > SafetensorsHeader.MaxLength)
            throw new FormatException($"its first eight bytes announce a header of {length} bytes, so it is probably another kind of file");
        long dataStart = SafetensorsHeader.PrefixLength + (long)length;
        if (dataStart > fileLength) throw new FormatException($"it is cut short: its header needs {dataStart} bytes and it has {fileLength}");
        byte[] json = new byte[length];
        if (!ReadFully(file, json, SafetensorsHeader.PrefixLength)) throw new FormatException("it was cut short while it was read");
        return (dataStart, SafetensorsHeader.Parse(json, fileLength - dataStart));
    }

    private static bool ReadFully(SafeFileHandle file, Span<byte> destination, long offset)
    {
        while (destination.Length > 0)
        {
            int read = RandomAccess.Read(file, destination, offset);
            if (read == 0) return false;
            destination = destination[read..];
            offset += read;
        }
        return true;
    }
}
