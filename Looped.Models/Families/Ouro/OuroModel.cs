using Looped.Models.Data;
using Looped.Models.Layers;
using Looped.Models.Native;
using Looped.Models.Objectives;
using Looped.Models.Randomness;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;
using Linear = Looped.Models.Layers.Linear;

namespace Looped.Models.Families.Ouro;

/// <summary>
/// Ouro (STARS, section 6): the same layers n times, a shared norm after every step, and a gate that says after each step with what
/// probability a token stops there. Fields carry the names of the public checkpoints.
/// </summary>
internal sealed class OuroModel : LanguageModel, ILoopMap
{
    private readonly OuroStack model;
    private readonly Linear lm_head;
    private readonly CausalAttention _attention = new(window: null);
    private readonly LoopCounts _counts;

    /// <summary>The model with unset weights.</summary>
    public OuroModel(OuroConfig config, int vocabularySize) : base(OuroFamily.FamilyName)
    {
        (Config, VocabularySize, _counts) = (config, vocabularySize, new LoopCounts(config));
        model = new OuroStack(config, vocabularySize);
        lm_head = new Linear(config.Width, vocabularySize, hasBias: false);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public OuroConfig Config { get; }

    /// <inheritdoc/>
    public override int VocabularySize { get; }

    /// <inheritdoc/>
    public override int SequenceLength => Config.SequenceLength;

    /// <inheritdoc/>
    public override int? Loops => Config.Loops;

    /// <summary>Head and gate, which only the states between them and the layers feed.</summary>
    public override IReadOnlyList<IReadOnlyList<string>> BackwardStages => [["lm_head.", "model.early_exit_gate."]];

    /// <inheritdoc/>
    public override ModelOutput Forward(ModelInput input)
    {
        using var scope = NewDisposeScope();
        Pass pass = NewPass(0, input.Tokens.shape[1]);
        int loops = LoopsOf(input);
        Recomputation? again = input.Training && is_grad_enabled() && Config.Recompute != Recompute.None
            ? new Recomputation(model, input.Tokens, pass, Config.Recompute == Recompute.Layer) : null;
        IReadOnlyList<Tensor> states = again?.Forward(loops, input.Watch) ?? Run(input.Tokens, loops, pass, watch: input.Watch);
        ExitRule rule = input.Training ? Config.TrainingExit : Config.Exit;
        if (input.Targets is null) return new(Logits([.. states.Select(Newest)], rule, Config.ExitThreshold).MoveToOuterDisposeScope(), Loss: null, Loops: loops);

        IReadOnlyList<Tensor> answers = input.Cuts is not { } cuts ? states
            : rule == ExitRule.Last ? [cuts.Cut(0, states[^1])]
            : [.. states.Select(state => cuts.Cut(0, state))];
        Tensor logits = Logits(answers, rule, Config.ExitThreshold);                                        // (B, T, V)
        Tensor crossEntropy = CrossEntropy(logits, input.Targets);
        again?.Keep();
        Action? rest = again is null ? null : () => Finish(again);
        if (input.Random is not { } random || !Config.Regularises(input.Place))
            return new(logits.MoveToOuterDisposeScope(), crossEntropy.MoveToOuterDisposeScope(), Loops: loops, FinishBackward: rest);

        Tensor probe = empty(states[^1].shape, dtype: states[^1].dtype, device: states[^1].device);
        random.For("probe").FillNormal_(probe, 1);
        Tensor penalty = Penalty(states[^1], probe, Config.SpectralIters, pass).Value;
        Tensor loss = crossEntropy.Times(1 - Config.RegWeight).Plus(penalty.Times(Config.RegWeight));
        return new(logits.MoveToOuterDisposeScope(), loss.MoveToOuterDisposeScope(), crossEntropy.MoveToOuterDisposeScope(),
            Loops: loops, Regulariser: penalty.MoveToOuterDisposeScope(), FinishBackward: rest);
    }

    /// <summary>The states s_0 … s_(n−1) after each step, (B, T, d).</summary>
    /// <param name="tokens">int64, (B, T).</param>
    /// <param name="steps">n, from 1.</param>
    /// <param name="pass">What the layers share.</param>
    /// <param name="stores">Keys and values of earlier tokens; null where there are none.</param>
    /// <param name="watch">Told what each step does.</param>
    public IReadOnlyList<Tensor> Run(Tensor tokens, int steps, Pass pass, IReadOnlyList<KeyValueStore>? stores = null, LoopWatch? watch = null)
    {
        var states = new List<Tensor>();
        Tensor h = model.Embed(tokens);
        for (int t = 0; t < steps; t++)
        {
            Tensor before = h;
            h = model.Step(h, pass, stores, t);
            watch?.Loop(before, h);
            states.Add(h);
        }
        return states;
    }

    /// <summary>One step without caches, (B, T, d) → (B, T, d).</summary>
    public Tensor Step(Tensor h, Pass pass) => model.Step(h, pass);

    /// <inheritdoc/>
    Tensor ILoopMap.Begin(Tensor tokens) => model.Embed(tokens);

    /// <inheritdoc/>
    Tensor ILoopMap.Loop(Tensor state) => Step(state, NewPass(0, state.shape[1]) with { Twice = true });

    /// <summary>The final norm is part of each loop.</summary>
    Tensor? ILoopMap.End(Tensor state) => null;

    /// <summary>The gate's outputs, (B, T, n).</summary>
    public Tensor Gates(IReadOnlyList<Tensor> states) => model.Gates(states);

    /// <summary>Logits by an exit rule, (B, T, V).</summary>
    /// <param name="states">s_0 … s_(n−1).</param>
    /// <param name="rule">Whose logits count.</param>
    /// <param name="threshold">For <see cref="ExitRule.Threshold"/>.</param>
    public Tensor Logits(IReadOnlyList<Tensor> states, ExitRule rule, double threshold)
    {
        if (rule == ExitRule.Last) return lm_head.forward(states[^1]);
        Tensor probabilities = ExitDistribution.Of(Gates(states));                                          // (B, T, n)
        // The head is linear: the mean over the steps' logits is what it makes of the mean over the states, at the cost of one.
        if (rule == ExitRule.Weighted)
            return lm_head.forward(states.Select((s, t) => s * probabilities.narrow(2, t, 1)).Aggregate((sum, next) => sum.Plus(next)));

        Tensor chosen = ExitDistribution.FirstAbove(probabilities, threshold).unsqueeze(2).unsqueeze(3);    // (B, T, 1, 1)
        Tensor all = stack(states, 2);                                                                      // (B, T, n, d)
        return lm_head.forward(all.gather(2, chosen.expand(-1, -1, 1, all.shape[3])).squeeze(2));
    }

    /// <summary>The penalty on one step's Jacobian at a state; the published code leaves it out, this is the specification's reconstruction.</summary>
    /// <param name="end">s_(n−1).</param>
    /// <param name="probe">Normal numbers in its shape.</param>
    /// <param name="iterations">k.</param>
    /// <param name="pass">What the layers share.</param>
    public JacobianPenalty Penalty(Tensor end, Tensor probe, int iterations, Pass pass)
    {
        Pass twice = pass with { Twice = true };
        return JacobianRegulariser.Measure(h => model.Step(h, twice), end, probe, iterations);
    }

    /// <summary>What the layers of a pass over T tokens from some position share.</summary>
    public Pass NewPass(int position, long tokens) =>
        new(HalfRotary.Turns(position, (int)tokens, Config.HeadChannels, Config.RopeTheta, lm_head.parameters().First()), _attention);

    /// <summary>Mean over the scored tokens, in float32 or better.</summary>
    public static Tensor CrossEntropy(Tensor logits, Tensor targets)
    {
        Tensor wide = logits.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? logits.to(ScalarType.Float32) : logits;
        return nn.functional.cross_entropy(wide.flatten(0, 1), targets.flatten(), ignore_index: MicroBatch.Ignored);
    }

    /// <summary>The last position: (B, T, d) → (B, 1, d).</summary>
    public static Tensor Newest(Tensor x) => x.narrow(1, x.shape[1] - 1, 1);

    /// <inheritdoc/>
    public override IDecoder StartDecoding(int sequences, int? loops = null) => new OuroDecoder(this, sequences, Steps(loops));

    /// <summary>Everything decays (the published runs have no decay at all).</summary>
    public override bool Decays(string parameterName) => true;

    /// <inheritdoc/>
    public override long MultiplyAccumulates(int sequenceLength, int? loops = null, int scored = 1) =>
        MatrixProducts.Count(model.Visits(sequenceLength, Steps(loops), gated: (scored > 1 ? Config.TrainingExit : Config.Exit) != ExitRule.Last).Append(new Visit(lm_head, scored)));

    /// <inheritdoc/>
    public override long ActivationBytes(int sequences, int sequenceLength, int bytesPerElement)
    {
        checked
        {
            // Per layer and token: norms and sums 9d, queries, keys and values turned and not 6d, attention 1d, the MLP 4h; written out 3HT more.
            long plain = 16L * Config.Width + 4L * Config.Hidden, writtenOut = 3L * Config.Heads * sequenceLength;
            long steps = Config.LoopDistribution == LoopDistribution.Fixed ? Config.Loops : Config.MaxLoops;
            long penalty = Config.RegWeight > 0 ? 3L * Config.SpectralIters * Config.Layers * (plain + writtenOut) : 0;
            (long layers, long states) = Config.Recompute switch
            {
                Recompute.Layer => (1L, steps + Config.Layers),
                Recompute.Step => (Config.Layers, steps),
                _ => (steps * Config.Layers, 0L),
            };
            return sequences * sequenceLength * (layers * plain + states * Config.Width + penalty + 5L * VocabularySize) * bytesPerElement;
        }
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _attention.Dispose();
        base.Dispose(disposing);
    }

    private void Finish(Recomputation again)
    {
        using Autocast? mixed = EnterPrecision();
        again.Backward();
    }

    private int LoopsOf(ModelInput input) => Steps(input.Loops ?? (input.Random is { } random ? _counts.Draw(random, input.Place) : null));

    private int Steps(int? asked)
    {
        int n = asked ?? Config.Loops;
        return n >= 1 ? n : throw new LoopedException($"Ouro cannot run {n} loops, because its answer is what the last one gives; ask for 1 or more.");
    }
}
