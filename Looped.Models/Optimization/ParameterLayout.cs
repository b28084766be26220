namespace Looped.Models.Optimization;

/// <summary>Where one parameter lies in the flat buffers.</summary>
/// <param name="Index">Its position in the order of the layout.</param>
/// <param name="Name">Its reference name.</param>
/// <param name="Shape">Its shape.</param>
/// <param name="Offset">First element in the flat buffer; a multiple of <see cref="ParameterLayout.Alignment"/>.</param>
/// <param name="Length">Number of elements.</param>
/// <param name="Decays">Whether weight decay applies.</param>
public sealed record ParameterSlot(int Index, string Name, IReadOnlyList<long> Shape, long Offset, long Length, bool Decays);

/// <summary>
/// The order of parameters in every flat buffer: decaying ones first, then the others, each group in the model's own order,
/// each tensor starting on a 64-byte boundary. A pure function of the model's names and shapes, so every worker has the same.
/// </summary>
public sealed class ParameterLayout
{
    /// <summary>Elements between possible starts: 64 bytes of float32.</summary>
    public const int Alignment = 16;

    private ParameterLayout(IReadOnlyList<ParameterSlot> slots, long length) => (Slots, Length) = (slots, length);

    /// <summary>The parameters in layout order.</summary>
    public IReadOnlyList<ParameterSlot> Slots { get; }

    /// <summary>Elements of a flat buffer, padding included.</summary>
    public long Length { get; }

    /// <summary>Lays parameters out.</summary>
    /// <param name="parameters">Name, shape and decay of each, in the model's order.</param>
    public static ParameterLayout Create(IEnumerable<(string Name, IReadOnlyList<long> Shape, bool Decays)> parameters)
    {
        var slots = new List<ParameterSlot>();
        long offset = 0;
        foreach (var (name, shape, decays) in parameters.OrderBy(p => p.Decays ? 0 : 1))
        {
            long length = shape.Aggregate(1L, (product, size) => product * size);
            slots.Add(new ParameterSlot(slots.Count, name, [.. shape], offset, length, decays));
            offset += (length + Alignment - 1) / Alignment * Alignment;
        }
        return new ParameterLayout(slots, offset);
    }
}
