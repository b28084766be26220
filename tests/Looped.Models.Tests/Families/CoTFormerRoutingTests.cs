using Looped.Models.Families;
using Looped.Models.Families.CoTFormer;
using Looped.Models.Randomness;
using static Looped.Models.Tests.Families.CoTFormers;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Families;

/// <summary>Models whose tokens take different numbers of repeats.</summary>
public class CoTFormerRoutingTests
{
    public static TheoryData<string> Routed => [.. Rationed.Keys];

    private static CoTFormerModel Model(string variant) => (CoTFormerModel)Create(Rationed[variant] with { EvalLengthFactor = null });

    [Theory, MemberData(nameof(Routed))]
    public void A_decoder_gives_the_logits_of_the_whole_forward_when_tokens_are_rationed(string variant)
    {
        using var scope = NewDisposeScope();
        using LanguageModel model = Create(Rationed[variant]);
        using IDecoder decoder = model.StartDecoding(2);
        Tensor tokens = Tokens(2, 9);
        foreach ((int start, int count) in new[] { (0, 4), (4, 1), (5, 3), (8, 1) })
        {
            Tensor ours = decoder.Next(tokens.narrow(1, start, count)), whole = model.Forward(new ModelInput(tokens.narrow(1, 0, start + count))).Logits.squeeze(1);
            Assert.True(ours.allclose(whole, rtol: 0, atol: 1e-5), $"after {start + count} tokens");
        }
    }

    [Fact]
    public void Only_tokens_that_go_on_are_computed()
    {
        using var scope = NewDisposeScope();
        using CoTFormerModel model = Model("adm");
        var computed = new List<long>();
        model.Forward(new ModelInput(Tokens(2, 10), LengthFactors: [0.5, 0.2]), (name, x) =>
        {
            if (name.EndsWith(".block0_in", StringComparison.Ordinal)) computed.Add(x.shape[1]);
        });
        Assert.Equal([10, 5, 2], computed);
    }

    [Theory, MemberData(nameof(Routed))]
    public void A_repeat_that_nobody_enters_gives_the_routers_a_gradient_of_zero_and_not_none(string variant)
    {
        using var scope = NewDisposeScope();
        using CoTFormerModel model = Model(variant);
        Tensor tokens = Tokens(2, 10);

        ModelOutput output = model.Forward(new ModelInput(tokens, tokens, RandomStream.ForMicroBatch(1, 2, 3), LengthFactors: [0, 0]));
        output.Loss!.backward();

        Assert.Equal(1 + 1.0 * 3, output.AverageDepth);
        Assert.All(model.named_parameters().Where(p => p.name.Contains("mod_router", StringComparison.Ordinal)),
            p => Assert.Equal(0, p.parameter.grad!.abs().max().item<float>()));
    }

    [Theory, MemberData(nameof(Routed))]
    public void A_smaller_depth_is_the_same_as_factors_of_one_and_then_zero(string variant)
    {
        using var scope = NewDisposeScope();
        using CoTFormerModel model = Model(variant);
        ModelOutput loops = model.Forward(new ModelInput(Tokens(2, 10), Loops: 2)), factors = model.Forward(new ModelInput(Tokens(2, 10), LengthFactors: [1, 0]));

        Assert.Equal(loops.Logits, factors.Logits);
        Assert.Equal(1 + 2.0 * 3, loops.AverageDepth);
        Assert.Equal(model.MultiplyAccumulates(10, loops: 2), model.MultiplyAccumulates(10, null, [1, 0]));
        Assert.Contains("ask for 1 to 3", Assert.Throws<LoopedException>(() => model.Forward(new ModelInput(Tokens(2, 10), Loops: 4))).Message, StringComparison.Ordinal);
    }

    [Theory, MemberData(nameof(Routed))]
    public void Length_factors_of_a_micro_batch_follow_its_stream_alone(string variant)
    {
        using var scope = NewDisposeScope();
        using CoTFormerModel model = Model(variant);
        double Depth(long step, int microBatch) =>
            model.Forward(new ModelInput(Tokens(2, 16), Tokens(2, 16), RandomStream.ForMicroBatch(1, step, microBatch))).AverageDepth!.Value;
        double[] depths = [.. Enumerable.Range(0, 12).Select(i => Depth(i / 3, i % 3))], backwards = [.. Enumerable.Range(0, 12).Reverse().Select(i => Depth(i / 3, i % 3))];

        Assert.Equal(depths, backwards.Reverse());
        Assert.True(depths.Distinct().Count() > 4);
        Assert.All(depths, d => Assert.InRange(d, 4, 10));
    }

    [Theory]
    [InlineData("3 repeats need 2 length factors, one for each repeat after the first, not 1", 0.5)]
    [InlineData("length factors must not rise, because a token that has halted does not come back: [0.3, 0.5]", 0.3, 0.5)]
    [InlineData("a length factor is a share of the tokens, from 0 to 1, which [1.5, 0.5] is not", 1.5, 0.5)]
    public void Factors_that_cannot_be_are_refused_in_one_sentence(string sentence, params double[] factors)
    {
        using CoTFormerModel model = Model("adm");
        UsageException error = Assert.Throws<UsageException>(() => model.Forward(new ModelInput(Tokens(1, 4), LengthFactors: factors)));
        Assert.Equal(sentence + ".", error.Message);
    }

    [Fact]
    public void A_model_without_routers_refuses_length_factors()
    {
        using LanguageModel model = Create(Small with { Variant = "ln_cotformer" });
        LoopedException error = Assert.Throws<LoopedException>(() => model.Forward(new ModelInput(Tokens(1, 4), LengthFactors: [1, 1])));
        Assert.Contains("has no routers", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Router_weights_cascade_by_token_and_thresholds_turn_them_into_factors()
    {
        using var scope = NewDisposeScope();
        Tensor raw = tensor(new[] { 0.9f, 0.5f, 0.1f, 0.7f, 0.2f, 0.6f, 0.3f, 0.65f }, 2, 1, 4), cascade = RouterWeights.Cascade(raw);

        Assert.Equal([0.9f, 0.5f, 0.1f, 0.7f, 0.2f, 0.5f, 0.1f, 0.65f], cascade.data<float>().ToArray());
        Assert.Equal([0.75, 0.5], RouterWeights.Factors(cascade, 0.5, grid: 256));
        Assert.Equal([0.0, 0.0], RouterWeights.Factors(cascade, 0, grid: 256));
        Assert.Equal([1.0, 1.0], RouterWeights.Factors(cascade, 1, grid: 256));
    }
}
