using Looped.Models.Data;
using Looped.Models.Layers;
using Looped.Models.Native;
using Looped.Models.Randomness;
using TorchSharp.Modules;
using static Looped.Models.Native.Numbers;
using static TorchSharp.torch;
using LayerNorm = Looped.Models.Layers.LayerNorm;
using Linear = Looped.Models.Layers.Linear;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// `pondernet` (Banino et al., "PonderNet", 2021, as in section 3.9): after each repeat the end blocks give an answer and a head the
/// probability of stopping there. Training weighs the losses of all answers by the probability of each; otherwise one is drawn.
/// </summary>
internal sealed class PonderNet : CoTFormerModel
{
    private readonly ModuleList<Linear> to_halt_logits;
    private readonly Transformer transformer;
    private readonly HaltingGate depth_predictor;       // the reference has it and never uses it
    private readonly Sequential to_logits;

    /// <summary>The model with unset weights.</summary>
    public PonderNet(CoTFormerConfig config, int vocabularySize) : base(config, vocabularySize)
    {
        to_halt_logits = new([.. Enumerable.Range(0, config.Repeats).Select(_ => new Linear(config.Width, 1, hasBias: true))]);
        transformer = new Transformer(config, vocabularySize, hasFinalNorm: false);
        depth_predictor = new HaltingGate(config);
        to_logits = nn.Sequential(("0", new LayerNorm(config.Width, config.Bias)));
        RegisterComponents();
    }

    /// <summary>What training needs besides: all answers (B, R, T, D), the probability of each (B, R, T), the drawn one (B, 1, T).</summary>
    private sealed record Pondered(Tensor X, double? AverageDepth, Tensor Answers, Tensor Probabilities, Tensor Drawn) : Hidden(X, AverageDepth);

    /// <inheritdoc/>
    protected override Transformer Transformer => transformer;

    /// <inheritdoc/>
    protected override int Repeats(int? loops) => loops is null || (loops >= 1 && loops <= Config.Repeats)
        ? loops ?? Config.Repeats
        : throw new LoopedException($"This pondernet has {Config.Repeats} halting heads, so it cannot run {loops} loops; ask for 1 to {Config.Repeats}.");

    /// <inheritdoc/>
    protected override Hidden Run(Tensor x, Pass pass)
    {
        x = transformer.Begin(x, pass);                                                     // (B, T, D)
        var answers = new List<Tensor>();
        var logits = new List<Tensor>();
        for (int r = 0; r < pass.Repeats; r++)
        {
            Tensor before = x;
            x = transformer.Middle(x, r, pass);
            pass.Watch?.Loop(before, x);
            answers.Add(transformer.End(x, pass, r));                                       // not fed back
            logits.Add(to_halt_logits[r].forward(answers[r]).squeeze(2));                   // (B, T)
            pass.Trace?.Invoke($"rep{r + 1}.halt_logits", logits[r]);
        }
        Tensor halting = sigmoid(stack(logits, 1)), all = stack(answers, 1);                // (B, R, T) and (B, R, T, D)
        Tensor drawn = Draw(halting.detach(), pass);                                        // (B, 1, T)
        Tensor chosen = all.gather(1, drawn.unsqueeze(3).expand(-1, -1, -1, x.shape[2])).squeeze(1);
        double repeats = 1 + drawn.to(ScalarType.Float64).mean().item<double>();
        return new Pondered(chosen, Depth(repeats), all, Geometric(halting), drawn);
    }

    /// <inheritdoc/>
    protected override ModelOutput Score(Hidden hidden, Tensor targets, Pass pass)
    {
        if (pass.Random is null) return base.Score(hidden, targets, pass);
        var (_, depth, answers, probabilities, drawn) = (Pondered)hidden;
        Tensor logits = Head(answers).view(-1, VocabularySize);                                                 // (B R T, V)
        Tensor losses = nn.functional.cross_entropy(logits, targets.unsqueeze(1).expand_as(probabilities).flatten(),
            ignore_index: MicroBatch.Ignored, reduction: nn.Reduction.None).view(probabilities.shape);          // (B, R, T)
        // The reference takes the losses in the order (b, r, t) and the weights in the order (b, t, r).
        Tensor weights = Config.PondernetWeightOrder == PonderWeightOrder.Reference ? probabilities.transpose(1, 2).reshape(losses.shape) : probabilities;
        Tensor loss = (losses * weights).mean().Plus(Divergence(probabilities).Times(Config.PonderKlDivLossWeight));
        Tensor crossEntropy = losses.detach().gather(1, drawn).sum() / targets.ne(Number(MicroBatch.Ignored)).sum();
        return new ModelOutput(logits, loss, crossEntropy, depth);
    }

    /// <inheritdoc/>
    protected override Tensor Head(Tensor x) => transformer.Vocabulary(to_logits.forward(x));

    /// <summary>The repeat, from 0, at which each token stops: the first with u ≤ λ, else the last; int64 (B, 1, T).</summary>
    private Tensor Draw(Tensor halting, Pass pass)
    {
        Tensor goesOn = Uniforms(halting, pass).gt(halting);                                // (B, R, T)
        return goesOn.to(ScalarType.Int64).cumprod(1).sum(1, keepdim: true).clamp_max(Number(pass.Repeats - 1));
    }

    /// <summary>Evaluation draws too, but always the same number for a position, so that its results can be repeated and a decoder agrees.</summary>
    private Tensor Uniforms(Tensor like, Pass pass)
    {
        if (Given?.Halting is { } given) return given.to(like.dtype, like.device);
        if (pass.Random is { } random) return random.For("halting").Uniform(like.shape).to(like.dtype, like.device);
        RandomStream stream = RandomStream.Create(0, "evaluation");
        long[] column = [like.shape[0], like.shape[1]];
        return stack([.. Enumerable.Range(pass.Position, (int)like.shape[2]).Select(t => stream.For("halting", t).Uniform(column))], 2).to(like.dtype, like.device);
    }

    /// <summary>q_r = λ_r Π_{s&lt;r} (1 − λ_s), the last one what is left; (B, R, T).</summary>
    private static Tensor Geometric(Tensor halting)
    {
        Tensor goesOn = OneMinus(halting).clamp(Number(1e-10), One).log();            // log (1 − λ_r)
        Tensor reached = zeros_like(goesOn.narrow(1, 0, 1));            // log Π_{s<r} (1 − λ_s), (B, 1, T); summed one by one: GPUs have no deterministic cumsum
        var q = new List<Tensor>();
        for (int r = 0; r < halting.shape[1] - 1; r++)
        {
            q.Add(reached.exp() * halting.narrow(1, r, 1));
            reached = reached.Plus(goesOn.narrow(1, r, 1));
        }
        Tensor left = q.Aggregate(ones_like(reached), (rest, one) => rest - one);
        return cat([.. q, left], 1).clamp(Number(0), One);
    }

    /// <summary>KL(prior ‖ q), the mean over tokens; the prior is geometric, the last repeat takes what is left.</summary>
    private Tensor Divergence(Tensor probabilities)
    {
        long repeats = probabilities.shape[1];
        double lambda = Config.PonderLambdaP;
        double[] prior = [.. Enumerable.Range(0, (int)repeats).Select(r => r < repeats - 1 ? lambda * Math.Pow(1 - lambda, r) : Math.Pow(1 - lambda, r))];
        double entropy = prior.Sum(g => g > 0 ? g * Math.Log(g) : 0);
        Tensor g = tensor(prior, dtype: probabilities.dtype, device: probabilities.device).view(1, repeats, 1);
        return (g * probabilities.Plus(1e-8).log()).sum().Over(probabilities.shape[0] * probabilities.shape[2]).negative().Plus(entropy);
    }

    /// <inheritdoc/>
    protected override IEnumerable<Visit> Visits(int tokens, int repeats, IReadOnlyList<double> factors) =>
        [.. transformer.VisitReserved(tokens), .. VisitRepeats(tokens, repeats), .. Enumerable.Range(1, repeats - 1).SelectMany(_ => transformer.VisitEnd(tokens)),
            .. Enumerable.Range(0, repeats).Select(r => new Visit(to_halt_logits[r], tokens))];
}
