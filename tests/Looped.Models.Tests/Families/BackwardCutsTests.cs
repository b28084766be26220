using Looped.Models.Families;
using Looped.Models.Families.Ouro;
using Looped.Models.Families.Stars;
using Looped.Models.Randomness;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Families;

[Collection(nameof(AloneInTheProcess))]
public class BackwardCutsTests
{
    private static readonly StarsConfig Stars = new()
    {
        Family = "stars",
        Width = 24,
        Heads = 2,
        Hidden = 32,
        Layers = 2,
        Loops = 3,
        SequenceLength = 16,
        Prelude = true,
        Coda = true,
        Dropout = 0.1,
    };

    private static readonly OuroConfig Ouro = new() { Family = "ouro", Width = 24, Heads = 2, Hidden = 32, Layers = 2, Loops = 3, SequenceLength = 16 };

    private static readonly Dictionary<string, ModelConfig> Models = new()
    {
        ["stars"] = Stars,
        ["stars, no prelude"] = Stars with { Prelude = false },
        ["stars, no coda"] = Stars with { Coda = false },
        ["stars, penalty"] = Stars with { RegWeight = 0.1 },
        ["stars, limit"] = Stars with { L2Limit = true },
        ["ouro"] = Ouro,
        ["ouro, last"] = Ouro with { TrainingExit = ExitRule.Last },
        ["ouro, penalty"] = Ouro with { RegWeight = 0.1 },
        ["ouro, steps again"] = Ouro with { Recompute = Recompute.Step, RegWeight = 0.1 },
        ["ouro, layers again"] = Ouro with { Recompute = Recompute.Layer, TrainingExit = ExitRule.Last },
        ["base, dropout"] = CoTFormers.Small with { Variant = "base", Dropout = 0.1 },
    };

    public static TheoryData<string> All => [.. CoTFormers.Configs.Keys, .. Models.Keys];

    private static LanguageModel Create(string name)
    {
        ModelConfig config = Models.GetValueOrDefault(name) ?? CoTFormers.Configs[name];
        return FamilyRegistry.Find(config.Family)!.Create(config, CoTFormers.Vocabulary, RandomStream.Create(7, "initialization"));
    }

    private static ModelOutput Forward(LanguageModel model, BackwardCuts? cuts) => model.Forward(new ModelInput(CoTFormers.Tokens(2, 16), CoTFormers.Tokens(2, 16, seed: 2),
        RandomStream.ForMicroBatch(3, 0, 0), Place: new(3, 0, 0, 1), Cuts: cuts));

    private static Dictionary<string, string> Gradients(LanguageModel model, IReadOnlyList<string>? names = null) => model.named_parameters()
        .Where(p => p.parameter.grad is not null && names?.Any(name => p.name.StartsWith(name, StringComparison.Ordinal)) != false)
        .ToDictionary(p => p.name, p => Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(p.parameter.grad!.bytes)));

    [Theory]
    [MemberData(nameof(All))]
    public void Cutting_changes_no_bit_and_each_stage_is_complete_when_it_is_reached(string name)
    {
        using var scope = NewDisposeScope();
        using LanguageModel whole = Create(name), cut = Create(name);
        ModelOutput expected = Forward(whole, null);
        expected.Loss!.backward();
        expected.FinishBackward?.Invoke();

        using var cuts = new BackwardCuts();
        ModelOutput output = Forward(cut, cuts);
        Assert.Equal(expected.Loss!.bytes.ToArray(), output.Loss!.bytes.ToArray());
        var reached = new Dictionary<int, Dictionary<string, string>>();
        cuts.Backward(output.Loss!, stage => reached.Add(stage, Gradients(cut, [.. cut.BackwardStages.Take(stage + 1).SelectMany(names => names)])));
        output.FinishBackward?.Invoke();

        Dictionary<string, string> final = Gradients(cut);
        if (name.Contains("penalty", StringComparison.Ordinal)) AssertClose(whole, cut);
        else Assert.Equal(Gradients(whole), final);
        Assert.Equal(Enumerable.Range(0, cut.BackwardStages.Count), reached.Keys);
        Assert.All(reached, stage =>
        {
            Assert.NotEmpty(stage.Value);
            Assert.All(stage.Value, gradient => Assert.Equal(final[gradient.Key], gradient.Value));
            Assert.True(stage.Value.Count < final.Count, "A stage before the last has everything.");
        });
    }

    /// <summary>The penalty's part of a gradient is added in another place: a few roundings of float32, of sums no longer than the norms.</summary>
    private static void AssertClose(LanguageModel whole, LanguageModel cut)
    {
        foreach (var ((name, expected), (_, actual)) in whole.named_parameters().Zip(cut.named_parameters()))
            if (expected.grad is not null)
                Assert.True(((expected.grad - actual.grad!).norm() / expected.grad.norm()).item<float>() < 4 * 1.2e-7, name);
    }

    [Theory]
    [MemberData(nameof(All))]
    public void Every_stage_names_a_parameter_that_no_stage_before_has(string name)
    {
        using LanguageModel model = Create(name);
        var left = model.named_parameters().Select(p => p.name).ToHashSet();
        Assert.All(model.BackwardStages, stage => Assert.NotEqual(0, left.RemoveWhere(p => stage.Any(begin => p.StartsWith(begin, StringComparison.Ordinal)))));
        Assert.NotEmpty(left);
    }

    [Fact]
    public void Without_gradients_nothing_is_cut()
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        using var cuts = new BackwardCuts();
        Tensor x = ones(3);
        Assert.Same(x, cuts.Cut(0, x));
    }

    [Fact]
    public void Cuts_give_all_their_tensors_back()
    {
        using LanguageModel model = Create("ln_cotformer");
        Pass();
        long before = Tensor.TotalCount;
        Pass();
        Assert.Equal(before, Tensor.TotalCount);

        void Pass()
        {
            using var scope = NewDisposeScope();
            using var cuts = new BackwardCuts();
            cuts.Backward(Forward(model, cuts).Loss!, _ => { });
            foreach (var parameter in model.parameters()) parameter.grad = null;
        }
    }
}
