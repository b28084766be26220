using Looped.Models.Layers;
using Looped.Models.Native;
using static TorchSharp.torch;

namespace Looped.Models.Families.Stars;

/// <summary>What the blocks of one forward pass share.</summary>
/// <param name="Dropout">Dropout of the pass.</param>
/// <param name="Attention">The fused attention.</param>
/// <param name="Twice">Whether second derivatives are wanted, which fused attention does not have.</param>
internal sealed record Pass(DropoutContext Dropout, CausalAttention Attention, bool Twice = false)
{
    /// <summary>Causal attention: (B, t, H, h) each, the keys (B, n, H, h) → (B, t, H · h).</summary>
    public Tensor Attend(Tensor queries, Tensor keys, Tensor values) => Twice || Dropout.Active
        ? PlainAttention.Attend(queries, keys, values, Dropout)
        : Attention.Attend(queries, keys, values, repeats: 1);
}

/// <summary>A transformer block in one of four norm structures (section 2.2). Fields carry the names of the reference checkpoints.</summary>
internal sealed class Block : nn.Module
{
    private readonly nn.Module<Tensor, Tensor>? ln_1_pre, ln_1_post, ln_2_pre, ln_2_post;
    private readonly SelfAttention attn;
    private readonly Mlp mlp;
    private readonly bool _normsBranch;
    private readonly double _alpha;

    /// <summary>A block with the sizes of <paramref name="config"/>.</summary>
    public Block(StarsConfig config) : base(nameof(Block))
    {
        bool before = config.NormStructure != NormStructure.PostNorm, after = config.NormStructure != NormStructure.PreNorm;
        if (before) (ln_1_pre, ln_2_pre) = (Norm(config), Norm(config));
        if (after) (ln_1_post, ln_2_post) = (Norm(config), Norm(config));
        attn = new SelfAttention(config);
        mlp = new Mlp(config);
        _normsBranch = config.NormStructure == NormStructure.SandwichBranch;
        _alpha = config is { NormType: NormType.DeepNorm, NormStructure: NormStructure.PostNorm } ? config.DeepnormAlpha : 1;
        RegisterComponents();
    }

    /// <summary>(B, T, d) → (B, T, d).</summary>
    /// <param name="x">The residual stream.</param>
    /// <param name="pass">What the blocks share.</param>
    /// <param name="store">Keys and values of earlier tokens, which get those of this call; null where all tokens are here.</param>
    /// <param name="loop">The running loop, from 0.</param>
    public Tensor Forward(Tensor x, Pass pass, KeyValueStore? store, int loop)
    {
        using var scope = NewDisposeScope();
        x = Join(x, ln_1_pre, h => attn.Forward(h, pass, store, loop), ln_1_post);
        x = Join(x, ln_2_pre, h => mlp.Forward(h, pass), ln_2_post);
        return x.MoveToOuterDisposeScope();
    }

    private Tensor Join(Tensor x, nn.Module<Tensor, Tensor>? before, Func<Tensor, Tensor> branch, nn.Module<Tensor, Tensor>? after)
    {
        Tensor y = branch(before is null ? x : before.call(x));
        if (after is null) return x.Plus(y);
        return _normsBranch ? x.Plus(after.call(y)) : after.call((_alpha == 1 ? x : x.Times(_alpha)).Plus(y));
    }

    private static nn.Module<Tensor, Tensor> Norm(StarsConfig config) => config.NormType switch
    {
        NormType.RmsNorm => new RmsNorm(config.Width),
        NormType.SimpleNorm => new SimpleNorm(config.Width),
        _ => new LayerNorm(config.Width, hasBias: true),
    };
}

/// <summary>Causal self-attention; queries, keys and values from one map.</summary>
internal sealed class SelfAttention : nn.Module, IAttends
{
    private readonly int _heads;
    private readonly Linear c_attn, c_proj;

    /// <summary>Attention with the sizes of <paramref name="config"/>.</summary>
    public SelfAttention(StarsConfig config) : base(nameof(SelfAttention))
    {
        (Width, _heads) = (config.Width, config.Heads);
        c_attn = new Linear(Width, 3 * Width, hasBias: true);
        c_proj = new Linear(Width, Width, hasBias: true);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public int Width { get; }

    /// <summary>(B, T, d) → (B, T, d); see <see cref="Block.Forward"/>.</summary>
    public Tensor Forward(Tensor x, Pass pass, KeyValueStore? store, int loop)
    {
        Tensor qkv = c_attn.forward(x).unflatten(2, 3 * _heads, Width / _heads);        // (B, T, 3H, h)
        Tensor q = qkv.narrow(2, 0, _heads), k = qkv.narrow(2, _heads, _heads), v = qkv.narrow(2, 2 * _heads, _heads);
        if (store is not null) (k, v) = store.Append(loop, k, v);
        return c_proj.forward(pass.Attend(q, k, v));
    }
}

/// <summary>W₂ gelu(W₁ x).</summary>
internal sealed class Mlp : nn.Module
{
    private readonly Linear c_fc, c_proj;

    /// <summary>An MLP with the sizes of <paramref name="config"/>.</summary>
    public Mlp(StarsConfig config) : base(nameof(Mlp))
    {
        c_fc = new Linear(config.Width, config.Hidden, hasBias: true);
        c_proj = new Linear(config.Hidden, config.Width, hasBias: true);
        RegisterComponents();
    }

    /// <summary>(B, T, d) → (B, T, d).</summary>
    public Tensor Forward(Tensor x, Pass pass) => pass.Dropout.Apply(c_proj.forward(nn.functional.gelu(c_fc.forward(x))));
}
