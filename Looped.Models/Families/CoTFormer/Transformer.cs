using Looped.Models.Layers;
using TorchSharp.Modules;
using static TorchSharp.torch;
using Embedding = Looped.Models.Layers.Embedding;
using LayerNorm = Looped.Models.Layers.LayerNorm;

namespace Looped.Models.Families.CoTFormer;

/// <summary>
/// The part of a model that the reference calls <c>transformer</c>; fields carry its names. A plain model has the blocks <c>h</c>, a
/// looped one <c>h_begin</c>, <c>h_mid</c> and <c>h_end</c> (section 2), an adaptive one also the routers <c>mod</c>.
/// </summary>
internal sealed class Transformer : nn.Module
{
    private readonly Embedding wte;
    private readonly ModuleList<Block>? h, h_begin, h_mid, h_end;
    private readonly LayerNorm? ln_mid, ln_f;
    private readonly ModuleList<Router>? mod;

    /// <summary>The parts that a variant has, with unset weights.</summary>
    /// <param name="config">The model.</param>
    /// <param name="vocabularySize">V.</param>
    /// <param name="hasFinalNorm">Whether the norm before the head is part of it.</param>
    public Transformer(CoTFormerConfig config, int vocabularySize, bool hasFinalNorm = true) : base("transformer")
    {
        VariantTraits traits = config.Traits();
        wte = new Embedding(vocabularySize, config.Width);
        if (traits.Looped)
        {
            h_begin = Blocks(config.LayersBegin);
            h_mid = Blocks(config.MiddleLayers());
            h_end = Blocks(config.LayersEnd);
        }
        else
        {
            h = Blocks(config.Layers);
        }
        if (traits.MiddleNorm && !config.DisableLnMid) ln_mid = new LayerNorm(config.Width, config.Bias);
        if (hasFinalNorm) ln_f = new LayerNorm(config.Width, config.Bias);
        // The reference has one router more, which it never uses.
        if (traits.Routed) mod = new([.. Enumerable.Range(0, config.Repeats - 1).Select(_ => new Router(config))]);
        RegisterComponents();

        ModuleList<Block> Blocks(int count) => new([.. Enumerable.Range(0, count).Select(_ => new Block(config))]);
    }

    /// <summary>int64 (B, T) → (B, T, D).</summary>
    public Tensor Embed(Tensor tokens) => wte.forward(tokens);

    /// <summary>All blocks of a plain model.</summary>
    public Tensor All(Tensor x, Pass pass) => Through(h!, first: 0, x, repeat: 0, pass, stage: 0);

    /// <summary>The reserved blocks at the input.</summary>
    public Tensor Begin(Tensor x, Pass pass)
    {
        if (h_begin!.Count == 0) return x;
        x = Through(h_begin, first: 0, x, repeat: 0, pass, stage: h_end!.Count + 1);
        pass.Trace?.Invoke("after_begin", x);
        return pass.Cuts?.Cut(h_end.Count, x) ?? x;
    }

    /// <summary>The middle once.</summary>
    /// <param name="x">(B, t, D).</param>
    /// <param name="repeat">From 0.</param>
    /// <param name="pass">What the blocks share.</param>
    /// <param name="seen">What a block's keys and values are made of, given its input; null for the input itself.</param>
    /// <param name="after">Changes what each block gives.</param>
    public Tensor Middle(Tensor x, int repeat, Pass pass, Func<Tensor, Tensor>? seen = null, Func<Tensor, Tensor>? after = null)
    {
        pass.Trace?.Invoke($"rep{repeat + 1}.block0_in", x);
        for (int i = 0; i < h_mid!.Count; i++)
        {
            x = h_mid[i].Forward(x, seen?.Invoke(x), pass.Stores[h_begin!.Count + i], repeat, pass);
            if (i == h_mid.Count - 1) pass.Trace?.Invoke($"rep{repeat + 1}.blocks_out", x);
            if (after is not null) x = after(x);
        }
        return x;
    }

    /// <summary>The norm after a repeat; nothing where it is left out.</summary>
    public Tensor MiddleNorm(Tensor x, int repeat, Pass pass)
    {
        if (ln_mid is not null) x = ln_mid.forward(x);
        pass.Trace?.Invoke($"rep{repeat + 1}.ln_mid_out", x);
        return x;
    }

    /// <summary>The reserved blocks at the output; <paramref name="repeat"/> from 0, where they run in every one.</summary>
    public Tensor End(Tensor x, Pass pass, int repeat = 0) => Through(h_end!, first: h_begin!.Count + h_mid!.Count, x, repeat, pass, stage: 0, cutFirst: true);

    /// <summary>Router <paramref name="repeat"/> (from 0), which decides who enters the repeat after that one.</summary>
    public Router Router(int repeat) => mod![repeat];

    /// <summary>Final norm and tied head: (…, D) → (…, V).</summary>
    public Tensor Head(Tensor x) => Vocabulary(ln_f!.forward(x));

    /// <summary>The tied head alone: (…, D) → (…, V).</summary>
    public Tensor Vocabulary(Tensor x) => nn.functional.linear(x, wte.Table);

    /// <summary>All blocks of a plain model over T tokens.</summary>
    public IEnumerable<Visit> VisitAll(long tokens) => Visits(h!, tokens, tokens);

    /// <summary>The reserved blocks over T tokens, once each.</summary>
    public IEnumerable<Visit> VisitReserved(long tokens) => [.. Visits(h_begin!, tokens, tokens), .. VisitEnd(tokens)];

    /// <summary>The reserved blocks at the output over T tokens.</summary>
    public IEnumerable<Visit> VisitEnd(long tokens) => Visits(h_end!, tokens, tokens);

    /// <summary>The middle once.</summary>
    public IEnumerable<Visit> VisitMiddle(long tokens, long keys) => Visits(h_mid!, tokens, keys);

    /// <summary>The head over some tokens.</summary>
    public Visit VisitHead(long tokens) => new(wte, tokens);

    private static IEnumerable<Visit> Visits(ModuleList<Block> blocks, long tokens, long keys) => blocks.Select(b => new Visit(b, tokens, keys));

    /// <summary>
    /// The stages of <see cref="LanguageModel.BackwardStages"/>: the final norm goes with the last block, the blocks at the end go one by one, then
    /// the whole middle, then the blocks at the beginning; the first of all and the embedding, which is the head too, come last.
    /// </summary>
    public IReadOnlyList<IReadOnlyList<string>> BackwardStages()
    {
        var stages = new List<List<string>>();
        if (h is not null) Blocks("h", h.Count, least: 1);
        else
        {
            Blocks("h_end", h_end!.Count, least: 0);
            if (h_begin!.Count > 0) stages.Add(["transformer.h_mid.", "transformer.ln_mid.", "transformer.mod.", "depth_emb."]);
            Blocks("h_begin", h_begin.Count, least: 1);
        }
        if (stages.Count > 0) stages[0].Add("transformer.ln_f.");
        return stages;

        void Blocks(string name, int count, int least)
        {
            for (int i = count - 1; i >= least; i--) stages.Add([$"transformer.{name}.{i}."]);
        }
    }

    /// <summary>Blocks one after the other; the backward pass pauses before each but the first.</summary>
    /// <param name="blocks">The blocks.</param>
    /// <param name="first">Number of the first among all that have weights.</param>
    /// <param name="x">(B, T, D).</param>
    /// <param name="repeat">From 0.</param>
    /// <param name="pass">What they share.</param>
    /// <param name="stage">The backward stage of the last block.</param>
    /// <param name="cutFirst">Whether the backward pass pauses before the first, too.</param>
    private static Tensor Through(ModuleList<Block> blocks, int first, Tensor x, int repeat, Pass pass, int stage, bool cutFirst = false)
    {
        for (int i = 0; i < blocks.Count; i++)
        {
            if (i > 0 || cutFirst) x = pass.Cuts?.Cut(stage + blocks.Count - 1 - i, x) ?? x;
            x = blocks[i].Forward(x, seen: null, pass.Stores[first + i], repeat, pass);
        }
        return x;
    }
}
