using System.Runtime.InteropServices;
using CsCheck;
using Looped.Models.Checkpoints;
using Looped.Models.Families;
using Looped.Models.Families.CoTFormer;
using Looped.Models.Randomness;
using TorchSharp;
using static Looped.Models.Tests.Families.CoTFormers;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Families;

public class CoTFormerModelTests
{
    public static TheoryData<string> Names => [.. Configs.Keys];

    [Theory, MemberData(nameof(Names))]
    public void A_decoder_gives_the_logits_of_the_whole_forward_however_the_prompt_is_cut(string name)
    {
        using LanguageModel model = Create(Configs[name]);
        Gen.Int[1, 5].List[1, 5].Sample(pieces =>
        {
            using var scope = NewDisposeScope();
            using IDecoder decoder = model.StartDecoding(2);
            int end = 0;
            foreach (int piece in pieces)
            {
                Tensor tokens = Tokens(2, pieces.Sum()), ours = decoder.Next(tokens.narrow(1, end, piece));
                end += piece;
                Tensor whole = model.Forward(new ModelInput(tokens.narrow(1, 0, end))).Logits.squeeze(1);
                Assert.True(ours.allclose(whole, rtol: 0, atol: 1e-5), $"after {end} tokens: {(ours - whole).abs().max().item<float>()}");
            }
        }, iter: 8, threads: 1);
    }

    [Theory, MemberData(nameof(Names))]
    public void No_token_sees_a_later_one(string name)
    {
        using var scope = NewDisposeScope();
        using LanguageModel model = Create(Configs[name]);
        Tensor tokens = Tokens(1, 12), changed = tokens.clone();
        changed.narrow(1, 8, 4).add_(1).remainder_(Vocabulary);

        Tensor before = model.Forward(new ModelInput(tokens, tokens)).Logits, after = model.Forward(new ModelInput(changed, tokens)).Logits;

        Assert.True(before.narrow(1, 0, 8).equal(after.narrow(1, 0, 8)).all().item<bool>());
        Assert.False(before.narrow(1, 8, 4).equal(after.narrow(1, 8, 4)).any().item<bool>());
    }

    [Theory, MemberData(nameof(Names))]
    public void It_computes_in_float64_after_conversion(string name)
    {
        using var scope = NewDisposeScope();
        using LanguageModel model = Create(Configs[name]);
        float single = model.Forward(new ModelInput(Tokens(2, 9), Tokens(2, 9, seed: 2))).Loss!.item<float>();

        model.to(ScalarType.Float64);
        Tensor loss = model.Forward(new ModelInput(Tokens(2, 9), Tokens(2, 9, seed: 2))).Loss!;
        Tensor training = model.Forward(new ModelInput(Tokens(2, 9), Tokens(2, 9, seed: 2), RandomStream.ForMicroBatch(1, 2, 3))).Loss!;
        training.backward();

        Assert.Equal(ScalarType.Float64, loss.dtype);
        Assert.Equal(single, loss.item<double>(), 1e-5);
        // The reference gives PonderNet a gate that it never asks.
        Assert.All(model.named_parameters().Where(p => !name.StartsWith("pondernet", StringComparison.Ordinal) || !p.name.StartsWith("depth_predictor", StringComparison.Ordinal)),
            p => Assert.Equal(ScalarType.Float64, p.parameter.grad!.dtype));
    }

    [Fact]
    public void Dropout_follows_the_stream_and_evaluation_drops_nothing()
    {
        using var scope = NewDisposeScope();
        using LanguageModel model = Create(Small with { Variant = "cotformer", Dropout = 0.3 }), plain = Create(Small with { Variant = "cotformer" });
        float Loss(LanguageModel m, RandomStream? random) => m.Forward(new ModelInput(Tokens(2, 9), Tokens(2, 9), random)).Loss!.item<float>();
        RandomStream one = RandomStream.ForMicroBatch(1, 2, 3), other = RandomStream.ForMicroBatch(1, 2, 4);

        Assert.Equal(Loss(model, one), Loss(model, one));
        Assert.NotEqual(Loss(model, one), Loss(model, other));
        Assert.Equal(Loss(plain, null), Loss(model, null));
    }

    [Fact]
    public void The_number_of_loops_can_be_chosen_when_the_model_runs()
    {
        using var scope = NewDisposeScope();
        using LanguageModel three = Create(Small with { Variant = "ln_cotformer", DepthEmbedding = DepthEmbeddingKind.LinearLearned });
        using LanguageModel five = Create(Small with { Variant = "ln_cotformer", DepthEmbedding = DepthEmbeddingKind.LinearLearned, Repeats = 5 });
        Tensor tokens = Tokens(1, 7);

        ModelOutput deeper = three.Forward(new ModelInput(tokens, Loops: 5));
        Assert.True(deeper.Logits.equal(five.Forward(new ModelInput(tokens)).Logits).all().item<bool>());
        Assert.Equal(20, deeper.AverageDepth);
        Assert.Equal(five.MultiplyAccumulates(16), three.MultiplyAccumulates(16, loops: 5));
        using IDecoder decoder = three.StartDecoding(1, loops: 5);
        Assert.True(decoder.Next(tokens).allclose(deeper.Logits.squeeze(1), rtol: 0, atol: 1e-5));
    }

    [Fact]
    public void A_model_without_repeats_refuses_to_loop()
    {
        using var scope = NewDisposeScope();
        using LanguageModel model = Create(Small with { Variant = "base" });
        Assert.Contains("runs every layer once", Assert.Throws<LoopedException>(() => model.Forward(new ModelInput(Tokens(1, 3), Loops: 2))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_of_another_variant_are_refused_in_one_sentence()
    {
        using LanguageModel but = Create(Small with { Variant = "but" }), cotformer = Create(Small with { Variant = "cotformer" });
        NamedTensor[] weights = [.. but.named_parameters().Select(p => new NamedTensor(p.name, ElementType.F32, p.parameter.shape, p.parameter.bytes.ToArray()))];

        string message = Assert.Throws<LoopedException>(() => cotformer.LoadWeights(weights)).Message;

        Assert.StartsWith("The weights do not fit the model: transformer.h_mid.0.attn.c_attn.weight is (48, 24) instead of (72, 24); ", message, StringComparison.Ordinal);
        Dictionary<string, long[]> shapes = but.named_parameters().ToDictionary(p => p.name, p => p.parameter.shape);
        string[] differing = [.. cotformer.named_parameters().Where(p => !shapes.TryGetValue(p.name, out long[]? shape) || !shape.SequenceEqual(p.parameter.shape)).Select(p => p.name)];
        Assert.True(differing.Length > 3);
        Assert.All(differing, name => Assert.Contains($"{name} is ", message, StringComparison.Ordinal));
        Assert.EndsWith(". Use the recipe that they were trained with.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Initial_weights_have_the_deviations_of_the_reference_and_depend_on_names_alone()
    {
        using LanguageModel model = Create(Small with { Variant = "ln_cotformer", Width = 192, Bias = true, LayersBegin = 1 });
        using LanguageModel shorter = Create(Small with { Variant = "ln_cotformer", Width = 192, Bias = true, LayersBegin = 1, Repeats = 2 });
        Dictionary<string, float[]> values = Values(model), again = Values(shorter);

        Assert.All(values, p => Assert.Equal(again[p.Key], p.Value));
        Assert.All(values.Where(p => p.Key.EndsWith(".bias", StringComparison.Ordinal)), p => Assert.All(p.Value, v => Assert.Equal(0, v)));
        Assert.All(values.Where(p => p.Key.Contains("ln_", StringComparison.Ordinal) && p.Key.EndsWith("weight", StringComparison.Ordinal)), p => Assert.All(p.Value, v => Assert.Equal(1, v)));
        // The standard error of a deviation is σ / √(2n), less than 0.4 % for 36,864 numbers; five of them.
        Assert.Equal(0.02, Deviation(values["transformer.h_mid.0.attn.c_attn.weight"]), 0.02 * 0.02);
        Assert.Equal(0.02 / Math.Sqrt(8), Deviation(values["transformer.h_mid.0.attn.c_proj.weight"]), 0.02 / Math.Sqrt(8) * 0.02);
        Assert.Equal(0.02 / Math.Sqrt(8), Deviation(values["transformer.h_begin.0.mlp.c_proj.weight"]), 0.02 / Math.Sqrt(8) * 0.02);
    }

    private static Dictionary<string, float[]> Values(LanguageModel model) =>
        model.named_parameters().ToDictionary(p => p.name, p => MemoryMarshal.Cast<byte, float>(p.parameter.bytes).ToArray());

    private static double Deviation(float[] values) => Math.Sqrt(values.Average(v => (double)v * v));

    [Fact]
    public void Creating_a_model_draws_nothing_from_the_default_generator()
    {
        using Tensor before = get_rng_state();
        using LanguageModel model = Create(Small with { Variant = "ln_cotformer" });
        using Tensor after = get_rng_state();
        Assert.True(before.bytes.SequenceEqual(after.bytes));
    }
}
