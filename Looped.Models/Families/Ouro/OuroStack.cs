using Looped.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Embedding = Looped.Models.Layers.Embedding;
using Linear = Looped.Models.Layers.Linear;

namespace Looped.Models.Families.Ouro;

/// <summary>What the public checkpoints call <c>model</c>: embedding, layers, the norm after every step, the gate.</summary>
internal sealed class OuroStack : nn.Module
{
    private readonly Embedding embed_tokens;
    private readonly ModuleList<OuroLayer> layers;
    private readonly RmsNorm norm;
    private readonly Linear early_exit_gate;

    /// <summary>The stack with unset weights.</summary>
    public OuroStack(OuroConfig config, int vocabularySize) : base("model")
    {
        embed_tokens = new Embedding(vocabularySize, config.Width);
        layers = new([.. Enumerable.Range(0, config.Layers).Select(_ => new OuroLayer(config))]);
        norm = new RmsNorm(config.Width, config.NormEpsilon);
        early_exit_gate = new Linear(config.Width, 1, hasBias: true);
        RegisterComponents();
    }

    /// <summary>int64 (B, T) → (B, T, d).</summary>
    public Tensor Embed(Tensor tokens) => embed_tokens.forward(tokens);

    /// <summary>One step: all layers, then the norm, whose output the next step takes. (B, T, d) → (B, T, d).</summary>
    /// <param name="h">The state.</param>
    /// <param name="pass">What the layers share.</param>
    /// <param name="stores">Keys and values of each layer; null where all tokens are here.</param>
    /// <param name="step">From 0.</param>
    public Tensor Step(Tensor h, Pass pass, IReadOnlyList<KeyValueStore>? stores = null, int step = 0)
    {
        using var scope = NewDisposeScope();
        for (int i = 0; i < layers.Count; i++) h = layers[i].Forward(h, pass, stores?[i], step);
        return norm.forward(h).MoveToOuterDisposeScope();
    }

    /// <summary>Adds the gradients of one step to the parameters' and to the state's, computing one layer after the other again.</summary>
    /// <param name="before">The state before the step, a leaf.</param>
    /// <param name="gradient">That of the step's result.</param>
    /// <param name="pass">What the layers share.</param>
    public void BackwardByLayers(Tensor before, Tensor gradient, Pass pass)
    {
        var inputs = new List<Tensor> { before };
        using (no_grad())
            foreach (OuroLayer layer in layers) inputs.Add(layer.Forward(inputs[^1], pass, store: null, step: 0));
        foreach (Tensor input in inputs.Skip(1)) input.requires_grad_(true);
        using (Tensor normed = norm.forward(inputs[^1])) normed.backward([gradient]);
        for (int i = layers.Count - 1; i >= 0; i--)
        {
            using var scope = NewDisposeScope();
            layers[i].Forward(inputs[i], pass, store: null, step: 0).backward([inputs[i + 1].grad!]);
            inputs[i + 1].Dispose();
        }
    }

    /// <summary>The gate's outputs at some states: (B, T, d) each → (B, T, n).</summary>
    public Tensor Gates(IEnumerable<Tensor> states) => cat([.. states.Select(early_exit_gate.forward)], 2);

    /// <summary>What a forward of one sequence runs, the head left out.</summary>
    public IEnumerable<Visit> Visits(long tokens, int steps, bool gated) => Enumerable.Repeat(layers, steps)
        .SelectMany(all => all.Select(layer => new Visit(layer, tokens, tokens)).Concat(gated ? [new Visit(early_exit_gate, tokens)] : []));
}
