using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Looped.Models.Layers;

/// <summary>A table of vectors. Looked up with index_select, whose backward is deterministic with several threads.</summary>
internal sealed class Embedding : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;

    /// <summary>A table of <paramref name="rows"/> vectors.</summary>
    public Embedding(int rows, int width) : base(nameof(Embedding))
    {
        (Rows, Width) = (rows, width);
        weight = Parameters.Unset(rows, width);
        RegisterComponents();
    }

    /// <summary>Number of vectors.</summary>
    public int Rows { get; }

    /// <summary>Numbers in a vector.</summary>
    public int Width { get; }

    /// <summary>The whole table, (rows, width): a tied output head multiplies by it.</summary>
    public Tensor Table => weight;

    /// <summary>int64 (B, T) → (B, T, width).</summary>
    public override Tensor forward(Tensor input)
    {
        using Tensor flat = input.flatten(), rows = weight.index_select(0, flat);
        return rows.view(input.shape[0], input.shape[1], Width);
    }
}
