using Looped.Models.Layers;
using Looped.Models.Native;
using static TorchSharp.torch;

namespace Looped.Models.Families.CoTFormer;

/// <summary>A pre-norm transformer block. Fields carry the names of the reference checkpoints.</summary>
internal sealed class Block : nn.Module
{
    private readonly LayerNorm ln_1, ln_2;
    private readonly SelfAttention attn;
    private readonly Mlp mlp;

    /// <summary>A block with the sizes of <paramref name="config"/>.</summary>
    public Block(CoTFormerConfig config) : base(nameof(Block))
    {
        ln_1 = new LayerNorm(config.Width, config.Bias);
        attn = new SelfAttention(config);
        ln_2 = new LayerNorm(config.Width, config.Bias);
        mlp = new Mlp(config);
        RegisterComponents();
    }

    /// <summary>(B, T, D) → (B, T, D).</summary>
    /// <param name="x">The residual stream.</param>
    /// <param name="seen">(B, T, D): what keys and values are made of where that is not <paramref name="x"/> itself.</param>
    /// <param name="store">This block's keys and values of earlier repeats and tokens; gets those of this call.</param>
    /// <param name="repeat">The running repeat, from 0.</param>
    /// <param name="pass">What the blocks share.</param>
    public Tensor Forward(Tensor x, Tensor? seen, KeyValueStore store, int repeat, Pass pass)
    {
        // What autograd needs it holds itself: everything else is freed with the block, not with the micro-batch.
        using var scope = NewDisposeScope();
        Tensor normed = ln_1.forward(x);
        x = x.Plus(attn.Forward(normed, seen is null ? normed : ln_1.forward(seen), store, repeat, pass));
        x = x.Plus(mlp.Forward(ln_2.forward(x), pass));
        return x.MoveToOuterDisposeScope();
    }
}

/// <summary>
/// Causal self-attention. Queries, keys and values come from one map, or queries from one and keys and values from another, as the
/// reference has it for each variant (section 1).
/// </summary>
internal sealed class SelfAttention : nn.Module, IAttends
{
    private readonly int _width, _heads;
    private readonly Linear? q_attn;
    private readonly Linear c_attn, c_proj;

    /// <summary>Attention with the sizes of <paramref name="config"/>.</summary>
    public SelfAttention(CoTFormerConfig config) : base(nameof(SelfAttention))
    {
        (_width, _heads) = (config.Width, config.Heads);
        bool apart = config.Traits().SeparateQueries;
        if (apart) q_attn = new Linear(_width, _width, config.Bias);
        c_attn = new Linear(_width, (apart ? 2 : 3) * _width, config.Bias);
        c_proj = new Linear(_width, _width, config.Bias);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public int Width => _width;

    /// <summary>(B, T, D) → (B, T, D); see <see cref="Block.Forward"/> for the rest.</summary>
    public Tensor Forward(Tensor x, Tensor seen, KeyValueStore store, int repeat, Pass pass)
    {
        (Tensor queries, Tensor keys, Tensor values) = q_attn is null ? Jointly(x, pass) : Apart(x, seen, pass);    // (B, T, H, h) each
        (keys, values) = store.Append(repeat, keys, values, pass.Earlier);                                          // (B, S, H, h)
        return pass.Dropout.Apply(c_proj.forward(pass.Attend(queries, keys, values, repeat)));
    }

    private (Tensor Queries, Tensor Keys, Tensor Values) Jointly(Tensor x, Pass pass)
    {
        Tensor qkv = Heads(c_attn.forward(x), 3 * _heads);              // (B, T, 3H, h): queries, keys, values
        Tensor qk = pass.Turn(qkv.narrow(2, 0, 2 * _heads));            // (B, T, 2H, h); values are not turned
        return (qk.narrow(2, 0, _heads), qk.narrow(2, _heads, _heads), qkv.narrow(2, 2 * _heads, _heads));
    }

    private (Tensor Queries, Tensor Keys, Tensor Values) Apart(Tensor x, Tensor seen, Pass pass)
    {
        Tensor q = Heads(q_attn!.forward(x), _heads);                   // (B, T, H, h)
        Tensor kv = Heads(c_attn.forward(seen), 2 * _heads);            // (B, T, 2H, h): keys, values
        return (pass.Turn(q), pass.Turn(kv.narrow(2, 0, _heads)), kv.narrow(2, _heads, _heads));
    }

    private Tensor Heads(Tensor x, int heads) => x.view(x.shape[0], x.shape[1], heads, _width / _heads);
}

/// <summary>D → 4D → D with the exact GELU between.</summary>
internal sealed class Mlp : nn.Module
{
    private readonly Linear c_fc, c_proj;

    /// <summary>An MLP with the sizes of <paramref name="config"/>.</summary>
    public Mlp(CoTFormerConfig config) : base(nameof(Mlp))
    {
        c_fc = new Linear(config.Width, 4 * config.Width, config.Bias);
        c_proj = new Linear(4 * config.Width, config.Width, config.Bias);
        RegisterComponents();
    }

    /// <summary>(B, T, D) → (B, T, D).</summary>
    public Tensor Forward(Tensor x, Pass pass) => pass.Dropout.Apply(c_proj.forward(nn.functional.gelu(c_fc.forward(x))));
}
