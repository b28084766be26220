using Looped.Models.Families;
using Looped.Models.Families.Stars;
using Looped.Models.Randomness;
using Looped.Models.Recipes;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Families;

public class StarsTests
{
    private const int Vocabulary = 31;

    private static readonly StarsConfig Small = new() { Family = "stars", Width = 24, Heads = 2, Hidden = 32, Layers = 2, Loops = 3, SequenceLength = 16 };

    private static StarsModel Create(StarsConfig config) =>
        (StarsModel)FamilyRegistry.Find("stars")!.Create(config, Vocabulary, RandomStream.Create(7, "initialization"));

    private static StarsConfig Bind(string keys) =>
        (StarsConfig)RecipeFile.Parse<Recipe>($"name: a\nmodel: {{ family: stars, {keys} }}\n", "recipe.yaml", []).Model;

    private static int[] Drawn(StarsConfig config, int steps, int microBatches, long seed = 1)
    {
        var counts = new LoopCounts(config);
        return [.. Enumerable.Range(0, steps * microBatches).Select(i =>
            counts.Draw(RandomStream.ForMicroBatch(seed, i / microBatches, i % microBatches), new(seed, i / microBatches, i % microBatches, microBatches)))];
    }

    [Fact]
    public void Every_key_is_read_from_a_recipe() => Assert.Equal(
        new StarsConfig
        {
            Family = "stars",
            Width = 32,
            Heads = 4,
            Hidden = 48,
            Layers = 2,
            Loops = 5,
            SequenceLength = 18,
            Positions = 20,
            NormStructure = NormStructure.PostNorm,
            NormType = NormType.DeepNorm,
            DeepnormAlpha = 2.5,
            Prelude = true,
            Coda = true,
            Dropout = 0.1,
            L2Limit = true,
            L2Weight = 2,
            LoopDistribution = LoopDistribution.LogNorm,
            LoopDraws = LoopDraws.PerStep,
            LoopMu = 1.7,
            LoopSigma = 0.4,
            LoopLambda = 3,
            MinLoops = 2,
            MaxLoops = 16,
            RegWeight = 0.1,
            SpectralIters = 2,
            RegWarmupSteps = 7,
        },
        Bind("width: 32, heads: 4, hidden: 48, layers: 2, loops: 5, sequence_length: 18, positions: 20, norm_structure: post_norm, norm_type: deep_norm, "
            + "deepnorm_alpha: 2.5, prelude: true, coda: true, dropout: 0.1, l2_limit: true, l2_weight: 2, loop_distribution: log_norm, loop_draws: per_step, "
            + "loop_mu: 1.7, loop_sigma: 0.4, loop_lambda: 3, min_loops: 2, max_loops: 16, reg_weight: 0.1, spectral_iters: 2, reg_warmup_steps: 7"));

    [Theory]
    [InlineData("norm_type: RMSNorm", "norm_type", "did you mean 'rms_norm'?")]
    [InlineData("norm_structure: sandwhich_dual", "norm_structure", "did you mean 'sandwich_dual'?")]
    [InlineData("loop_distribution: log-norm", "loop_distribution", "did you mean 'log_norm'?")]
    [InlineData("loops: 0", "loops", "leave the looped layers out")]
    [InlineData("loops: 0, reg_weight: 0.1", "loops", "no loop to measure")]
    [InlineData("loop_distribution: poisson, min_loops: 0", "min_loops", "0 loops")]
    [InlineData("loop_distribution: uniform, min_loops: 9, max_loops: 8", "max_loops", "less than min_loops (9)")]
    [InlineData("loop_distribution: poisson, loop_draws: reference, loop_lambda: 10", "loop_lambda", "below 10 only")]
    [InlineData("loop_draws: per_step", "loop_draws", "nothing is drawn")]
    [InlineData("reg_warmup_steps: 5", "reg_warmup_steps", "no penalty to wait for")]
    [InlineData("deepnorm_alpha: 2", "deepnorm_alpha", "only deep_norm reads it, not layer_norm")]
    [InlineData("l2_weight: 2", "l2_weight", "which is off")]
    [InlineData("width: 100, heads: 3", "width", "not a multiple of heads (3)")]
    public void Keys_that_do_not_go_together_are_refused(string keys, string key, string reason)
    {
        UsageException error = Assert.Throws<UsageException>(() => Bind(keys));
        Assert.Contains($"model.{key}", error.Message, StringComparison.Ordinal);
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_published_size_has_the_published_number_of_parameters()
    {
        using StarsModel model = new(new StarsConfig { Family = "stars", Positions = 512, SequenceLength = 17 }, vocabularySize: 15);
        Assert.Equal(2_375_680, model.ParameterCount());
    }

    [Theory]
    [InlineData(5, 2.0, 0.7, 100, new[] { 10, 6, 41, 6, 8, 22, 4, 5, 8, 6 })]
    [InlineData(74, 1.7, 0.4, 16, new[] { 7, 4, 5, 8, 7, 4, 8, 9, 4, 6 })]
    public void The_reference_stream_is_replayed_a_draw_for_each_micro_batch(int seed, double mu, double sigma, int most, int[] expected)
    {
        StarsConfig config = Small with { LoopDistribution = LoopDistribution.LogNorm, LoopDraws = LoopDraws.Reference, LoopMu = mu, LoopSigma = sigma, MaxLoops = most };
        Assert.Equal(expected, Drawn(config, steps: 5, microBatches: 2, seed));
        // Whoever computes the last micro-batch alone finds the same.
        Assert.Equal(expected[9], new LoopCounts(config).Draw(default, new(seed, Step: 4, MicroBatch: 1, MicroBatches: 2)));
    }

    [Theory]
    [InlineData(LoopDistribution.LogNorm, 9.44, 1, 100)]
    [InlineData(LoopDistribution.Poisson, 5.01, 1, 100)]
    [InlineData(LoopDistribution.Uniform, 10, 4, 16)]
    public void Loops_are_drawn_from_their_distribution(LoopDistribution distribution, double mean, int least, int most)
    {
        int[] counts = Drawn(Small with { LoopDistribution = distribution, MinLoops = least, MaxLoops = most }, steps: 4000, microBatches: 1);
        // Five standard errors of the widest of them (deviation 7.4).
        Assert.InRange(counts.Average(), mean - 0.6, mean + 0.6);
        Assert.Equal((distribution == LoopDistribution.Uniform ? (least, most) : (1, counts.Max())), (counts.Min(), counts.Max()));
    }

    [Fact]
    public void Per_step_all_micro_batches_of_a_step_run_the_same_number_of_loops()
    {
        int[] counts = Drawn(Small with { LoopDistribution = LoopDistribution.Uniform, LoopDraws = LoopDraws.PerStep }, steps: 20, microBatches: 4);
        Assert.All(counts.Chunk(4), step => Assert.Single(step.Distinct()));
        Assert.True(counts.Distinct().Count() > 5);
    }

    [Theory]
    [InlineData(NormStructure.PreNorm, false)]
    [InlineData(NormStructure.SandwichDual, true)]
    public void The_decoder_gives_the_logits_of_the_forward_pass(NormStructure structure, bool ends)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using StarsModel model = Create(Small with { NormStructure = structure, Prelude = ends, Coda = ends, Positions = 6 });
        Tensor tokens = CoTFormers.Tokens(2, 9);

        foreach (int loops in new[] { 0, 4 })
        {
            using IDecoder decoder = model.StartDecoding(2, loops);
            decoder.Next(tokens.narrow(1, 0, 4));
            for (int t = 4; t < 9; t++)
            {
                Tensor whole = model.Forward(new(tokens.narrow(1, 0, t + 1), Loops: loops)).Logits.squeeze(1);
                Assert.True(decoder.Next(tokens.narrow(1, t, 1)).allclose(whole, rtol: 0, atol: 1e-5), $"token {t} at {loops} loops");
            }
        }
    }

    [Fact]
    public void Training_without_a_loop_is_refused_and_evaluation_without_one_is_not()
    {
        using var scope = NewDisposeScope();
        using StarsModel model = Create(Small), penalised = Create(Small with { RegWeight = 0.1 });
        Tensor tokens = CoTFormers.Tokens(1, 5);
        RandomStream random = RandomStream.ForMicroBatch(1, 2, 3);

        model.Forward(new(tokens, tokens, Loops: 0));
        Assert.Contains("1 loop or more, not 0", Assert.Throws<LoopedException>(() => model.Forward(new(tokens, tokens, random, Loops: 0))).Message, StringComparison.Ordinal);
        Assert.Contains("no loop to measure", Assert.Throws<LoopedException>(() => penalised.Forward(new(tokens, tokens, random, Loops: 0))).Message, StringComparison.Ordinal);
        Assert.Contains("cannot run -1 loops", Assert.Throws<LoopedException>(() => model.Forward(new(tokens, Loops: -1))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_penalty_enters_the_loss_after_the_warm_up_and_reaches_the_looped_layers_alone()
    {
        using var scope = NewDisposeScope();
        using StarsModel model = Create(Small with { RegWeight = 1, RegWarmupSteps = 10, Coda = true });
        Tensor tokens = CoTFormers.Tokens(2, 9);
        ModelOutput At(long step) => model.Forward(new(tokens, tokens, RandomStream.ForMicroBatch(1, 0, 0), Place: new(1, step, 0, 1)));

        Assert.Null(At(10).CrossEntropy);
        ModelOutput open = At(11);
        Assert.NotEqual(open.CrossEntropy!.item<float>(), open.Loss!.item<float>());
        open.Loss.backward();
        // At weight 1 the cross-entropy's share is 0, so only what the penalty moves has a gradient.
        HashSet<string> moved = [.. model.named_parameters().Where(p => p.parameter.grad!.abs().max().item<float>() > 0).Select(p => p.name)];
        Assert.All(moved, name => Assert.StartsWith("layers.", name, StringComparison.Ordinal));
        Assert.All(model.named_parameters().Select(p => p.name).Where(n => n.StartsWith("layers.", StringComparison.Ordinal) && n.EndsWith(".weight", StringComparison.Ordinal)),
            name => Assert.Contains(name, moved));
    }

    [Fact]
    public void Initial_output_maps_of_deep_norm_are_wider_in_the_loop_alone()
    {
        using StarsModel model = Create(Small with { Width = 96, Hidden = 96, NormType = NormType.DeepNorm, Prelude = true });
        Dictionary<string, double> deviations = model.named_parameters().ToDictionary(p => p.name, p => p.parameter.std().item<float>() * 1.0);

        double xavier = Math.Sqrt(5) * Math.Sqrt(2.0 / 192);
        Assert.Equal(xavier, deviations["layers.1.attn.c_proj.weight"], 0.03 * xavier);
        Assert.Equal(xavier, deviations["layers.0.mlp.c_proj.weight"], 0.03 * xavier);
        Assert.Equal(0.02, deviations["prelude.attn.c_proj.weight"], 0.03 * 0.02);
        Assert.Equal(0.02, deviations["layers.0.attn.c_attn.weight"], 0.03 * 0.02);
    }
}
