using TorchSharp.Modules;
using static TorchSharp.torch;
using Embedding = Looped.Models.Layers.Embedding;
using LayerNorm = Looped.Models.Layers.LayerNorm;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// The part of a model that the reference calls <c>transformer</c>; fields carry its names. A plain model has the blocks <c>h</c>, a
/// looped one <c>h_begin</c>, <c>h_mid</c> and <c>h_end</c> (section 2).
/// </summary>
internal sealed class Transformer : nn.Module
{
    private readonly Embedding wte;
    private readonly ModuleList<Block>? h, h_begin, h_mid, h_end;
    private readonly LayerNorm? ln_mid;
    private readonly LayerNorm ln_f;

    private Transformer(CoTFormerConfig config, int vocabularySize, bool looped, bool hasMiddleNorm) : base("transformer")
    {
        wte = new Embedding(vocabularySize, config.Width);
        if (looped)
        {
            h_begin = Blocks(config.LayersBegin);
            h_mid = Blocks(config.MiddleLayers());
            h_end = Blocks(config.LayersEnd);
        }
        else
        {
            h = Blocks(config.Layers);
        }
        if (hasMiddleNorm) ln_mid = new LayerNorm(config.Width, config.Bias);
        ln_f = new LayerNorm(config.Width, config.Bias);
        RegisterComponents();

        ModuleList<Block> Blocks(int count) => new([.. Enumerable.Range(0, count).Select(_ => new Block(config))]);
    }

    /// <summary>L blocks in sequence.</summary>
    public static Transformer Plain(CoTFormerConfig config, int vocabularySize) => new(config, vocabularySize, looped: false, hasMiddleNorm: false);

    /// <summary>Reserved blocks around a middle that repeats.</summary>
    public static Transformer Looped(CoTFormerConfig config, int vocabularySize, bool hasMiddleNorm) => new(config, vocabularySize, looped: true, hasMiddleNorm);

    /// <summary>int64 (B, T) → (B, T, D).</summary>
    public Tensor Embed(Tensor tokens) => wte.forward(tokens);

    /// <summary>All blocks of a plain model.</summary>
    public Tensor All(Tensor x, Pass pass) => Through(h!, first: 0, x, repeat: 0, pass);

    /// <summary>The reserved blocks at the input.</summary>
    public Tensor Begin(Tensor x, Pass pass)
    {
        x = Through(h_begin!, first: 0, x, repeat: 0, pass);
        if (h_begin!.Count > 0) pass.Trace?.Invoke("after_begin", x);
        return x;
    }

    /// <summary>The middle once; <paramref name="repeat"/> from 0.</summary>
    public Tensor Middle(Tensor x, int repeat, Pass pass) => Through(h_mid!, first: h_begin!.Count, x, repeat, pass);

    /// <summary>The norm after a repeat; nothing where the model has none.</summary>
    public Tensor MiddleNorm(Tensor x) => ln_mid is null ? x : ln_mid.forward(x);

    /// <summary>The reserved blocks at the output.</summary>
    public Tensor End(Tensor x, Pass pass) => Through(h_end!, first: h_begin!.Count + h_mid!.Count, x, repeat: 0, pass);

    /// <summary>Final norm and tied head: (B, T, D) → (B, T, V).</summary>
    public Tensor Head(Tensor x) => nn.functional.linear(ln_f.forward(x), wte.Table);

    private static Tensor Through(ModuleList<Block> blocks, int first, Tensor x, int repeat, Pass pass)
    {
        for (int i = 0; i < blocks.Count; i++) x = blocks[i].Forward(x, pass.Stores[first + i], repeat, pass);
        return x;
    }
}
