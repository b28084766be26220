using Looped.Models.Layers;
using Looped.Models.Native;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;
using Linear = Looped.Models.Layers.Linear;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// `but_halting`: a Block Universal Transformer in which a gate breaks off pieces of each token's probability of going on (stick
/// breaking, section 3.8). A token that has halted keeps its state; the others see of every token what it showed while it was likely
/// to be still under way.
/// </summary>
internal sealed class HaltingBut : CoTFormerModel
{
    private readonly Transformer transformer;
    private readonly HaltingGate depth_predictor;

    /// <summary>The model with unset weights.</summary>
    public HaltingBut(CoTFormerConfig config, int vocabularySize) : base(config, vocabularySize)
    {
        transformer = new Transformer(config, vocabularySize);
        depth_predictor = new HaltingGate(config);
        RegisterComponents();
    }

    /// <inheritdoc/>
    protected override Transformer Transformer => transformer;

    /// <inheritdoc/>
    protected override Hidden Run(Tensor x, Pass pass)
    {
        x = transformer.Begin(x, pass);                                                     // (B, T, D)
        Tensor frozen = zeros_like(x);                                                      // (B, T, D), shown by halted parts of the token
        Tensor goesOn = ones_like(x.narrow(2, 0, 1)), never = zeros_like(goesOn);           // (B, T, 1): c, and log of the whole stick left
        Tensor active = goesOn.to(ScalarType.Bool), executed = active.sum(), cost = zeros_like(x.sum());
        for (int r = 1; r <= pass.Repeats; r++)
        {
            Tensor before = x, c = goesOn, shown = frozen;
            x = transformer.Middle(x, r - 1, pass, seen: y => shown.Plus(c * y));
            x = where(active, x, before);
            pass.Watch?.Loop(before, x, active);
            pass.Trace?.Invoke($"rep{r}.frozen_out", x);

            Tensor gate = depth_predictor.forward(x);                                       // (B, T, 2): log of going on, log of halting
            Tensor halts = never.Plus(gate.narrow(2, 1, 1)).exp();                          // probability of halting exactly here
            never = never.Plus(gate.narrow(2, 0, 1));
            cost = cost.Plus((halts.mul(Number(r)) * active).sum());
            Tensor final = r == pass.Repeats ? ones_like(active) : never.exp().lt(Number(1 - Config.HaltThreshold));
            goesOn = never.exp().masked_fill(final, Number(0));
            frozen = frozen.Plus((c - goesOn) * x);
            active = active.logical_and(final.logical_not());
            if (r < pass.Repeats) executed = executed.Plus(active.sum());
            pass.Trace?.Invoke($"rep{r}.is_final", final.squeeze(2).to(ScalarType.Byte));
            pass.Trace?.Invoke($"rep{r}.continue_prob", goesOn.squeeze(2));
        }
        cost = cost.Plus(never.exp().mul(Number(pass.Repeats + 1)).sum());                    // a sum over tokens, as in the reference
        double repeats = executed.item<long>() / (double)(x.shape[0] * x.shape[1]);
        return new(transformer.End(x, pass), Depth(repeats), cost.Times(Config.ActPenalty));
    }

    /// <inheritdoc/>
    protected override IEnumerable<Visit> Visits(int tokens, int repeats, IReadOnlyList<double> factors) =>
        [.. transformer.VisitReserved(tokens), .. VisitRepeats(tokens, repeats), new Visit(depth_predictor, (long)repeats * tokens)];
}

/// <summary>The gate of stick-breaking halting: how likely a token goes on and halts. Names are those of the reference checkpoints.</summary>
internal sealed class HaltingGate : nn.Module<Tensor, Tensor>
{
    private readonly TorchSharp.Modules.Sequential _gate;

    /// <summary>A gate over D channels.</summary>
    public HaltingGate(CoTFormerConfig config) : base(nameof(HaltingGate))
    {
        _gate = nn.Sequential(("0", new Linear(config.Width, config.Width, hasBias: true)), ("1", nn.GELU()), ("2", new Linear(config.Width, 2, hasBias: false)));
        RegisterComponents();
    }

    /// <summary>(B, T, D) → log-probabilities (B, T, 2): going on, halting.</summary>
    public override Tensor forward(Tensor input) => nn.functional.log_softmax(_gate.forward(input), 2);
}
