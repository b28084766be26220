using Looped.Models.Data;
using Looped.Models.Layers;
using Looped.Models.Native;
using Looped.Models.Objectives;
using Looped.Models.Randomness;
using TorchSharp.Modules;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;
using Embedding = Looped.Models.Layers.Embedding;
using LayerNorm = Looped.Models.Layers.LayerNorm;

namespace Looped.Models.Families.Stars;

/// <summary>The states of one pass, (B, T, d) each.</summary>
/// <param name="Last">After the last loop, x_n.</param>
/// <param name="Before">Before the last loop, x_(n−1); null where no loop ran.</param>
/// <param name="Output">What goes to the final norm: x_n, through the coda if there is one.</param>
internal readonly record struct LoopStates(Tensor Last, Tensor? Before, Tensor Output);

/// <summary>Numbers of a reference vector in place of draws.</summary>
/// <param name="Loops">n.</param>
/// <param name="Probe">The regulariser's normal numbers, (B, T, d).</param>
internal sealed record GivenDraws(int Loops, Tensor Probe);

/// <summary>
/// The looped transformer of STARS (section 2): layers that run n times over the same tokens without seeing the input again, between an
/// optional prelude and coda. Fields carry the names of the reference checkpoints.
/// </summary>
internal sealed class StarsModel : LanguageModel, ILoopMap
{
    private readonly Embedding token_embedding, position_embedding;
    private readonly ModuleList<Block> layers;
    private readonly Block? prelude, coda;
    private readonly LayerNorm ln_f;
    private readonly CausalAttention _attention = new(window: null);
    private readonly LoopCounts _counts;

    /// <summary>The model with unset weights.</summary>
    public StarsModel(StarsConfig config, int vocabularySize) : base(StarsFamily.FamilyName)
    {
        (Config, VocabularySize, _counts) = (config, vocabularySize, new LoopCounts(config));
        token_embedding = new Embedding(vocabularySize, config.Width);
        position_embedding = new Embedding(config.PositionRows, config.Width);
        if (config.Prelude) prelude = new Block(config);
        layers = new([.. Enumerable.Range(0, config.Layers).Select(_ => new Block(config))]);
        if (config.Coda) coda = new Block(config);
        ln_f = new LayerNorm(config.Width, hasBias: true);
        RegisterComponents();
    }

    /// <summary>The configuration it was built from.</summary>
    public StarsConfig Config { get; }

    /// <inheritdoc/>
    public override int VocabularySize { get; }

    /// <inheritdoc/>
    public override int SequenceLength => Config.SequenceLength;

    /// <inheritdoc/>
    public override int? Loops => Config.Loops;

    /// <summary>The coda, then the loop; the embeddings, one of which is the head, and the prelude come last.</summary>
    public override IReadOnlyList<IReadOnlyList<string>> BackwardStages =>
        [.. CutsCoda ? new string[][] { ["coda.", "ln_f."] } : [], .. prelude is null ? Array.Empty<string[]>() : [["coda.", "ln_f.", "layers."]]];

    /// <summary>Whether the graph is in two pieces before the coda: the limit on the last step hangs on the loop by itself.</summary>
    private bool CutsCoda => coda is not null && !Config.L2Limit;

    /// <summary>Numbers of a reference vector that stand in for draws; null outside of parity runs.</summary>
    internal GivenDraws? Given { get; set; }

    /// <inheritdoc/>
    public override ModelOutput Forward(ModelInput input)
    {
        using var scope = NewDisposeScope();
        Pass pass = NewPass(input.Random);
        int loops = LoopsOf(input);
        LoopStates states = Run(Embed(input.Tokens, 0, pass), loops, pass, watch: input.Watch, cuts: input.Cuts);
        if (input.Targets is null) return new ModelOutput(Head(Newest(states.Output)).MoveToOuterDisposeScope(), Loss: null, Loops: loops);

        Tensor logits = Head(states.Output);                                                                // (B, T, V)
        Tensor crossEntropy = nn.functional.cross_entropy(logits.view(-1, VocabularySize), input.Targets.flatten(), ignore_index: MicroBatch.Ignored);
        Tensor loss = Limited(crossEntropy, states);
        Tensor? penalty = null;
        if (input.Random is { } random && Config.Regularises(input.Place))
        {
            penalty = Penalty(states.Last, Probe(random, states.Last), Config.SpectralIters, pass).Value;
            loss = loss.Times(1 - Config.RegWeight).Plus(penalty.Times(Config.RegWeight));
        }
        bool plain = ReferenceEquals(loss, crossEntropy);
        return new ModelOutput(logits.MoveToOuterDisposeScope(), loss.MoveToOuterDisposeScope(), plain ? null : crossEntropy.MoveToOuterDisposeScope(),
            Loops: loops, Regulariser: penalty?.MoveToOuterDisposeScope());
    }

    /// <summary>The states of a pass over whole sequences.</summary>
    /// <param name="x">Embedded tokens, (B, T, d).</param>
    /// <param name="loops">n; 0 leaves the looped layers out.</param>
    /// <param name="pass">What the blocks share.</param>
    /// <param name="caches">Keys and values of earlier tokens; null where there are none.</param>
    /// <param name="trace">Told of the state after each loop; it copies what it keeps.</param>
    /// <param name="watch">Told what each loop does.</param>
    /// <param name="cuts">Where the backward pass is to pause; null for nowhere.</param>
    public LoopStates Run(Tensor x, int loops, Pass pass, StarsCaches? caches = null, Action<Tensor>? trace = null, LoopWatch? watch = null, BackwardCuts? cuts = null)
    {
        if (prelude is not null)
        {
            x = prelude.Forward(x, pass, caches?.Prelude, loop: 0);
            x = cuts?.Cut(CutsCoda ? 1 : 0, x) ?? x;
        }
        Tensor? before = null;
        for (int n = 0; n < loops; n++)
        {
            before = x;
            x = Loop(x, pass, caches, n);
            trace?.Invoke(x);
            watch?.Loop(before, x);
        }
        if (coda is null) return new(x, before, x);
        Tensor last = CutsCoda && cuts is not null ? cuts.Cut(0, x) : x;
        return new(x, before, coda.Forward(last, pass, caches?.Coda, loop: 0));
    }

    /// <summary>One loop: every looped layer once, (B, T, d) → (B, T, d).</summary>
    public Tensor Loop(Tensor x, Pass pass, StarsCaches? caches = null, int n = 0)
    {
        for (int j = 0; j < layers.Count; j++) x = layers[j].Forward(x, pass, caches?.Layers[j], n);
        return x;
    }

    /// <inheritdoc/>
    Tensor ILoopMap.Begin(Tensor tokens)
    {
        Pass pass = NewPass(random: null);
        return Run(Embed(tokens, 0, pass), loops: 0, pass).Last;
    }

    /// <inheritdoc/>
    Tensor ILoopMap.Loop(Tensor state) => Loop(state, NewPass(random: null) with { Twice = true });

    /// <inheritdoc/>
    Tensor? ILoopMap.End(Tensor state) => coda?.Forward(state, NewPass(random: null), store: null, loop: 0);

    /// <summary>The penalty on one loop's Jacobian at a state.</summary>
    /// <param name="end">x_n.</param>
    /// <param name="probe">Normal numbers in its shape.</param>
    /// <param name="iterations">k.</param>
    /// <param name="pass">Dropout masks are drawn anew in it.</param>
    public JacobianPenalty Penalty(Tensor end, Tensor probe, int iterations, Pass pass)
    {
        Pass twice = pass with { Twice = true };
        return JacobianRegulariser.Measure(x => Loop(x, twice), end, probe, iterations);
    }

    /// <summary>Embedded tokens and positions: int64 (B, t) → (B, t, d).</summary>
    /// <param name="tokens">The tokens.</param>
    /// <param name="position">The position of the first.</param>
    /// <param name="pass">The pass.</param>
    public Tensor Embed(Tensor tokens, int position, Pass pass)
    {
        Tensor positions = Range(position, position + tokens.shape[1], tokens.device).clamp(max: Number(Config.PositionRows - 1));
        return pass.Dropout.Apply(token_embedding.forward(tokens).Plus(position_embedding.forward(positions.unsqueeze(0))));
    }

    /// <summary>Final norm and tied head: (…, d) → (…, V).</summary>
    public Tensor Head(Tensor x) => nn.functional.linear(ln_f.forward(x), token_embedding.Table);

    /// <summary>What the blocks of a pass share; evaluation where <paramref name="random"/> is null.</summary>
    public Pass NewPass(RandomStream? random) => new(new DropoutContext(Config.Dropout, random), _attention);

    /// <summary>The last position: (B, T, d) → (B, 1, d).</summary>
    public static Tensor Newest(Tensor x) => x.narrow(1, x.shape[1] - 1, 1);

    /// <summary>n of a pass outside of training.</summary>
    /// <exception cref="LoopedException">It is negative.</exception>
    public int LoopsOf(int? asked) => (asked ?? Config.Loops) is var n and >= 0
        ? n
        : throw new LoopedException($"A looped transformer cannot run {asked} loops; ask for 0 (which leaves the looped layers out) or more.");

    /// <inheritdoc/>
    public override IDecoder StartDecoding(int sequences, int? loops = null) => new StarsDecoder(this, sequences, LoopsOf(loops));

    /// <summary>Everything decays, as in the reference.</summary>
    public override bool Decays(string parameterName) => true;

    /// <inheritdoc/>
    public override long MultiplyAccumulates(int sequenceLength, int? loops = null, int scored = 1) =>
        MatrixProducts.Count(Visits(sequenceLength, LoopsOf(loops)).Append(new Visit(token_embedding, scored)));

    /// <inheritdoc/>
    public override long ActivationBytes(int sequences, int sequenceLength, int bytesPerElement) =>
        checked(sequences * StarsMemory.ActivationElements(Config, VocabularySize, sequenceLength) * bytesPerElement);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing) _attention.Dispose();
        base.Dispose(disposing);
    }

    private int LoopsOf(ModelInput input)
    {
        if (input.Random is not { } random) return LoopsOf(input.Loops);
        int n = Given?.Loops ?? input.Loops ?? _counts.Draw(random, input.Place);
        if (n >= 1) return n;
        throw new LoopedException(Config.Regularises(input.Place)
            ? $"A training pass with {n} loops leaves the Jacobian regulariser no loop to measure; ask for 1 or more, or set model.reg_weight to 0."
            : $"A training pass needs 1 loop or more, not {n}.");
    }

    /// <summary>l2_limit (section 3.1): the mean length of the last loop's step, padding included.</summary>
    private Tensor Limited(Tensor loss, LoopStates states) => Config.L2Limit && states.Before is { } before
        ? loss.Plus((states.Last - before).norm(-1).mean().Times(Config.L2Weight))
        : loss;

    private Tensor Probe(RandomStream random, Tensor like)
    {
        if (Given is { } given) return given.Probe;
        Tensor probe = empty(like.shape, dtype: like.dtype, device: like.device);
        random.For("probe").FillNormal_(probe, 1);
        return probe;
    }

    private IEnumerable<Visit> Visits(int tokens, int loops) =>
        new[] { prelude, coda }.OfType<Block>().Concat(Enumerable.Repeat(layers, loops).SelectMany(all => all)).Select(b => new Visit(b, tokens, tokens));
}
