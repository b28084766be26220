using System.Buffers.Binary;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Looped.Models.Checkpoints;

/// <summary>
/// The front of a safetensors file: eight bytes with the length of the rest, then JSON that maps each name to its type, shape and
/// place, and <c>__metadata__</c> to texts (https://huggingface.co/docs/safetensors). Reading is as strict as the reference
/// implementation: the data must be covered without a hole or an overlap.
/// </summary>
internal sealed record SafetensorsHeader(IReadOnlyList<SafetensorsEntry> Entries, IReadOnlyDictionary<string, string> Metadata)
{
    /// <summary>Bytes of the length before the JSON.</summary>
    public const int PrefixLength = 8;

    /// <summary>The limit of the reference implementation; a longer header is taken for another kind of file.</summary>
    public const long MaxLength = 100_000_000;

    private const string MetadataKey = "__metadata__";

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 8 };
    private static readonly JsonWriterOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Bytes of all tensors together.</summary>
    public long DataLength => Entries.Count == 0 ? 0 : Entries[^1].Offset + Entries[^1].Length;

    /// <summary>The header of these tensors, one after the other in the given order.</summary>
    /// <exception cref="LoopedException">A name occurs twice or cannot be one, or a tensor's data does not match its shape.</exception>
    public static SafetensorsHeader Of(IReadOnlyList<NamedTensor> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        var names = new HashSet<string>(tensors.Count);
        var entries = new List<SafetensorsEntry>(tensors.Count);
        long offset = 0;
        foreach (NamedTensor t in tensors)
        {
            if (t.Name == MetadataKey || !names.Add(t.Name))
                throw new LoopedException($"Two tensors cannot both be called '{t.Name}' in one safetensors file.");
            if (t.Shape.ElementCount() * t.Type.Size() != t.Data.Length)
                throw new LoopedException($"Tensor '{t.Name}' has {t.Data.Length} bytes, which do not fit {Describe(t.Type, t.Shape)}.");
            entries.Add(new(t.Name, t.Type, t.Shape, offset, t.Data.Length));
            offset += t.Data.Length;
        }
        return new(entries, metadata ?? new Dictionary<string, string>());
    }

    /// <summary>Length, JSON, and spaces up to a multiple of eight bytes.</summary>
    public byte[] ToBytes()
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[PrefixLength]);
        using (var json = new Utf8JsonWriter(buffer, Compact)) WriteJson(json);
        while (buffer.Length % 8 != 0) buffer.WriteByte((byte)' ');
        byte[] bytes = buffer.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(bytes, bytes.Length - PrefixLength);
        return bytes;
    }

    private void WriteJson(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        if (Metadata.Count > 0)
        {
            json.WriteStartObject(MetadataKey);
            foreach ((string key, string value) in Metadata.OrderBy(m => m.Key, StringComparer.Ordinal)) json.WriteString(key, value);
            json.WriteEndObject();
        }
        foreach (SafetensorsEntry entry in Entries)
        {
            json.WriteStartObject(entry.Name);
            json.WriteString("dtype", entry.Type.ToString());
            WriteNumbers(json, "shape", entry.Shape);
            WriteNumbers(json, "data_offsets", [entry.Offset, entry.Offset + entry.Length]);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void WriteNumbers(Utf8JsonWriter json, string key, IReadOnlyList<long> numbers)
    {
        json.WriteStartArray(key);
        foreach (long number in numbers) json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    /// <summary>Reads and checks the JSON.</summary>
    /// <param name="json">The header without its length.</param>
    /// <param name="dataLength">Bytes that follow it in the file.</param>
    /// <exception cref="FormatException">It is not a valid header; the message says why.</exception>
    public static SafetensorsHeader Parse(ReadOnlyMemory<byte> json, long dataLength)
    {
        if (json.Length == 0 || json.Span[0] != (byte)'{') throw new FormatException("its header is not a JSON object");
        try
        {
            // Names are handed out as text, so bytes that are not text must fail here rather than at some later use.
            new UTF8Encoding(false, throwOnInvalidBytes: true).GetCharCount(json.Span);
            using JsonDocument document = JsonDocument.Parse(json, Strict);
            var entries = new List<SafetensorsEntry>();
            var metadata = new Dictionary<string, string>();
            foreach (JsonProperty property in document.RootElement.EnumerateObject())
            {
                if (property.Name != MetadataKey) entries.Add(ParseEntry(property.Name, property.Value));
                else foreach (JsonProperty m in property.Value.EnumerateObject()) metadata.Add(m.Name, m.Value.GetString() ?? "");
            }
            return new(Contiguous(entries, dataLength), metadata);
        }
        catch (Exception e) when (e is JsonException or DecoderFallbackException)
        {
            throw new FormatException($"its header is not valid JSON ({e.Message})", e);
        }
        catch (Exception e) when (e is InvalidOperationException or KeyNotFoundException)
        {
            throw new FormatException("its header has an entry that is not a tensor's type, shape and offsets", e);
        }
    }

    private static SafetensorsEntry ParseEntry(string name, JsonElement json)
    {
        string dtype = json.GetProperty("dtype").GetString() ?? "";
        // TryParse alone would also take numbers.
        if (!Enum.TryParse(dtype, out ElementType type) || Enum.GetName(type) != dtype)
            throw new FormatException($"tensor '{name}' has the element type '{dtype}', which is not among {string.Join(", ", Enum.GetNames<ElementType>())}");
        long[] shape = Numbers(name, json.GetProperty("shape")), place = Numbers(name, json.GetProperty("data_offsets"));
        if (place.Length != 2 || place[0] > place[1]) throw new FormatException($"tensor '{name}' has offsets that are not a begin and an end");
        long length;
        try
        {
            length = checked(shape.ElementCount() * type.Size());
        }
        catch (OverflowException)
        {
            throw new FormatException($"tensor '{name}' has an impossible shape, {Describe(type, shape)}");
        }
        if (length != place[1] - place[0])
            throw new FormatException($"tensor '{name}' has {place[1] - place[0]} bytes, which do not fit {Describe(type, shape)}");
        return new(name, type, shape, place[0], length);
    }

    private static long[] Numbers(string name, JsonElement array) =>
        [.. array.EnumerateArray().Select(n => n.TryGetInt64(out long value) && value >= 0
            ? value
            : throw new FormatException($"tensor '{name}' has a shape or an offset that is not a whole number from 0"))];

    private static List<SafetensorsEntry> Contiguous(List<SafetensorsEntry> entries, long dataLength)
    {
        entries = [.. entries.OrderBy(e => e.Offset).ThenBy(e => e.Length)];
        long end = 0;
        foreach (SafetensorsEntry entry in entries)
        {
            if (entry.Offset != end) throw new FormatException($"tensor '{entry.Name}' starts at byte {entry.Offset} of the data instead of {end}");
            end += entry.Length;
        }
        if (end > dataLength) throw new FormatException($"it is cut short: {dataLength} of {end} bytes of tensors are there");
        return end == dataLength ? entries : throw new FormatException($"it has {dataLength - end} bytes after its last tensor");
    }

    private static string Describe(ElementType type, IReadOnlyList<long> shape) => $"{type} of shape [{string.Join(", ", shape)}]";
}
