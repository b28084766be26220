using Looped.Models.Layers;
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
    /// <param name="store">This block's keys and values of earlier repeats and tokens; gets those of this call.</param>
    /// <param name="repeat">The running repeat, from 0.</param>
    /// <param name="pass">What the blocks share.</param>
    public Tensor Forward(Tensor x, KeyValueStore store, int repeat, Pass pass)
    {
        // What autograd needs it holds itself: everything else is freed with the block, not with the micro-batch.
        using var scope = NewDisposeScope();
        x = x + attn.Forward(ln_1.forward(x), store, repeat, pass);
        x = x + mlp.Forward(ln_2.forward(x), pass);
        return x.MoveToOuterDisposeScope();
    }
}

/// <summary>Causal self-attention with queries, keys and values from one map.</summary>
internal sealed class SelfAttention : nn.Module
{
    private readonly int _width, _heads;
    private readonly Linear c_attn, c_proj;

    /// <summary>Attention with the sizes of <paramref name="config"/>.</summary>
    public SelfAttention(CoTFormerConfig config) : base(nameof(SelfAttention))
    {
        (_width, _heads) = (config.Width, config.Heads);
        c_attn = new Linear(_width, 3 * _width, config.Bias);
        c_proj = new Linear(_width, _width, config.Bias);
        RegisterComponents();
    }

    /// <summary>(B, T, D) → (B, T, D); see <see cref="Block.Forward"/> for the rest.</summary>
    public Tensor Forward(Tensor x, KeyValueStore store, int repeat, Pass pass)
    {
        long B = x.shape[0], T = x.shape[1], h = _width / _heads;
        Tensor qkv = c_attn.forward(x).view(B, T, 3 * _heads, h);               // (B, T, 3H, h): queries, keys, values
        Tensor qk = qkv.narrow(2, 0, 2 * _heads);                               // (B, T, 2H, h)
        if (pass.Rotary is { } rotary) qk = rotary.Rotate(qk, pass.Position);   // values are not turned
        (Tensor keys, Tensor values) = store.Append(repeat, qk.narrow(2, _heads, _heads), qkv.narrow(2, 2 * _heads, _heads));   // (B, S, H, h)
        Tensor y = pass.Attention.Attend(qk.narrow(2, 0, _heads), keys, values, repeat + 1);   // (B, T, D)
        return pass.Dropout.Apply(c_proj.forward(y));
    }
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
