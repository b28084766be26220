using Looped.Models.Layers;
using Looped.Models.Native;
using static TorchSharp.torch;

namespace Looped.Models.Families.Ouro;

/// <summary>What the layers of one forward pass share.</summary>
/// <param name="Turns">Cosines and sines of the positions, the same in every step.</param>
/// <param name="Attention">The fused attention.</param>
/// <param name="Twice">Whether second derivatives are wanted, which fused attention does not have.</param>
internal sealed record Pass((Tensor Cosines, Tensor Sines) Turns, CausalAttention Attention, bool Twice = false)
{
    private static readonly DropoutContext None = new(0, random: null);

    /// <summary>Causal attention: (B, t, H, h), the keys (B, n, H, h) → (B, t, H · h).</summary>
    public Tensor Attend(Tensor queries, Tensor keys, Tensor values) => Twice
        ? PlainAttention.Attend(queries, keys, values, None)
        : Attention.Attend(queries, keys, values, repeats: 1);
}

/// <summary>A layer with a norm before and after each of its halves. Fields carry the names of the public checkpoints.</summary>
internal sealed class OuroLayer : nn.Module
{
    private readonly RmsNorm input_layernorm, input_layernorm_2, post_attention_layernorm, post_attention_layernorm_2;
    private readonly OuroAttention self_attn;
    private readonly OuroMlp mlp;

    /// <summary>A layer with the sizes of <paramref name="config"/>.</summary>
    public OuroLayer(OuroConfig config) : base(nameof(OuroLayer))
    {
        input_layernorm = Norm();
        input_layernorm_2 = Norm();
        post_attention_layernorm = Norm();
        post_attention_layernorm_2 = Norm();
        self_attn = new OuroAttention(config);
        mlp = new OuroMlp(config);
        RegisterComponents();

        RmsNorm Norm() => new(config.Width, config.NormEpsilon);
    }

    /// <summary>(B, T, d) → (B, T, d).</summary>
    /// <param name="h">The residual stream.</param>
    /// <param name="pass">What the layers share.</param>
    /// <param name="store">Keys and values of earlier tokens, apart for each step; null where all tokens are here.</param>
    /// <param name="step">The running step, from 0.</param>
    public Tensor Forward(Tensor h, Pass pass, KeyValueStore? store, int step)
    {
        using var scope = NewDisposeScope();
        h = h.Plus(input_layernorm_2.forward(self_attn.Forward(input_layernorm.forward(h), pass, store, step)));
        h = h.Plus(post_attention_layernorm_2.forward(mlp.forward(post_attention_layernorm.forward(h))));
        return h.MoveToOuterDisposeScope();
    }
}

/// <summary>Causal self-attention with rotary positions; several heads of queries may share one of keys and values.</summary>
internal sealed class OuroAttention : nn.Module, IAttends
{
    private readonly int _heads, _shared, _channels;
    private readonly Linear q_proj, k_proj, v_proj, o_proj;

    /// <summary>Attention with the sizes of <paramref name="config"/>.</summary>
    public OuroAttention(OuroConfig config) : base(nameof(OuroAttention))
    {
        (_heads, _shared, _channels) = (config.Heads, config.SharedHeads, config.HeadChannels);
        q_proj = new Linear(config.Width, _heads * _channels, hasBias: false);
        k_proj = new Linear(config.Width, _shared * _channels, hasBias: false);
        v_proj = new Linear(config.Width, _shared * _channels, hasBias: false);
        o_proj = new Linear(_heads * _channels, config.Width, hasBias: false);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public int Width => _heads * _channels;

    /// <summary>(B, T, d) → (B, T, d); see <see cref="OuroLayer.Forward"/>.</summary>
    public Tensor Forward(Tensor x, Pass pass, KeyValueStore? store, int step)
    {
        Tensor q = HalfRotary.Rotate(q_proj.forward(x).unflatten(2, _heads, _channels), pass.Turns);        // (B, T, H, h)
        Tensor k = HalfRotary.Rotate(k_proj.forward(x).unflatten(2, _shared, _channels), pass.Turns);       // (B, T, H', h)
        Tensor v = v_proj.forward(x).unflatten(2, _shared, _channels);
        if (store is not null) (k, v) = store.Append(step, k, v);
        return o_proj.forward(pass.Attend(q, Repeat(k), Repeat(v)));
    }

    /// <summary>A head of keys for each head of queries: (B, n, H', h) → (B, n, H, h).</summary>
    private Tensor Repeat(Tensor x) => _shared == _heads ? x
        : x.unsqueeze(3).expand(x.shape[0], x.shape[1], _shared, _heads / _shared, _channels).flatten(2, 3);
}

/// <summary>W_down (silu(W_gate x) · W_up x).</summary>
internal sealed class OuroMlp : nn.Module<Tensor, Tensor>
{
    private readonly Linear gate_proj, up_proj, down_proj;

    /// <summary>An MLP with the sizes of <paramref name="config"/>.</summary>
    public OuroMlp(OuroConfig config) : base(nameof(OuroMlp))
    {
        gate_proj = new Linear(config.Width, config.Hidden, hasBias: false);
        up_proj = new Linear(config.Width, config.Hidden, hasBias: false);
        down_proj = new Linear(config.Hidden, config.Width, hasBias: false);
        RegisterComponents();
    }

    /// <summary>(B, T, d) → (B, T, d).</summary>
    public override Tensor forward(Tensor input) => down_proj.forward(nn.functional.silu(gate_proj.forward(input)) * up_proj.forward(input));
}
