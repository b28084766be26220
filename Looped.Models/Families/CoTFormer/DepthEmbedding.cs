using Looped.Models.Layers;
using Looped.Models.Native;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// Tells a repeat how many are still to come, so the last one looks the same at every depth. With more loops than it was trained for,
/// `linear_learned` extrapolates its multiplier and `learned` uses its first repeat's row for the additional ones.
/// </summary>
internal sealed class DepthEmbedding : nn.Module
{
    private readonly Embedding embs;
    private readonly bool _linear;
    private readonly int _rows;

    /// <summary>The depth embedding of a configuration; null where it has none.</summary>
    public static DepthEmbedding? Of(CoTFormerConfig config) => config.DepthEmbedding == DepthEmbeddingKind.None ? null : new(config);

    /// <summary>Adds an embedding if there is one; see <see cref="Add(Tensor, int)"/>.</summary>
    public static Tensor Add(DepthEmbedding? embedding, Tensor x, int remaining) => embedding is null ? x : embedding.Add(x, remaining);

    /// <summary>A table of one row (`linear_learned`) or of R (`learned`).</summary>
    private DepthEmbedding(CoTFormerConfig config) : base("depth_emb")
    {
        _linear = config.DepthEmbedding == DepthEmbeddingKind.LinearLearned;
        _rows = _linear ? 1 : config.Repeats;
        embs = new Embedding(_rows, config.Width);
        RegisterComponents();
    }

    /// <summary>x + (R − r) e, or x + row R − r; (B, T, D).</summary>
    /// <param name="x">The residual stream, (B, T, D).</param>
    /// <param name="remaining">R − r, the repeats after this one.</param>
    public Tensor Add(Tensor x, int remaining)
    {
        // A multiplier of 0 is not left out: the reference's gradient is zero there, not absent.
        using Tensor row = _linear ? embs.Table.mul(Number(remaining)) : embs.Table.narrow(0, Math.Min(remaining, _rows - 1), 1);   // (1, D)
        return x.Plus(row);
    }
}
