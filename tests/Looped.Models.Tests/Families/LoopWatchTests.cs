using Looped.Models.Families;
using Looped.Models.Families.CoTFormer;
using Looped.Models.Families.Ouro;
using Looped.Models.Families.Stars;
using Looped.Models.Randomness;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Families;

[Collection(nameof(AloneInTheProcess))]
public class LoopWatchTests
{
    private static readonly Dictionary<string, ModelConfig> Models = new()
    {
        ["stars"] = new StarsConfig { Family = "stars", Width = 24, Heads = 2, Hidden = 32, Layers = 2, Loops = 3, SequenceLength = 16, Coda = true },
        ["ouro"] = new OuroConfig { Family = "ouro", Width = 24, Heads = 2, Hidden = 32, Layers = 2, Loops = 3, SequenceLength = 16 },
    };

    public static TheoryData<string> Looped => [.. CoTFormers.Configs.Where(c => c.Value.Variant != "base").Select(c => c.Key), .. Models.Keys];

    private static LanguageModel Create(string name)
    {
        ModelConfig config = Models.GetValueOrDefault(name) ?? CoTFormers.Configs[name];
        return FamilyRegistry.Find(config.Family)!.Create(config, CoTFormers.Vocabulary, RandomStream.Create(7, "initialization"));
    }

    private static ModelInput Input(LoopWatch? watch) => new(CoTFormers.Tokens(2, 16), CoTFormers.Tokens(2, 16, seed: 2), RandomStream.ForMicroBatch(3, 0, 0),
        Place: new(3, 0, 0, 1), Watch: watch);

    [Theory]
    [MemberData(nameof(Looped))]
    public void Looking_changes_no_bit_and_sees_every_loop(string name)
    {
        using var scope = NewDisposeScope();
        using LanguageModel model = Create(name);
        using var watch = new LoopWatch();
        ModelOutput alone = model.Forward(Input(null)), watched = model.Forward(Input(watch));
        Assert.Equal(alone.Logits.bytes.ToArray(), watched.Logits.bytes.ToArray());
        Assert.Equal(alone.Loss!.bytes.ToArray(), watched.Loss!.bytes.ToArray());
        IReadOnlyList<LoopNumbers> loops = watch.Read();
        Assert.Equal(3, loops.Count);
        Assert.All(loops.Where(l => l.Active > 0), l => Assert.True(l.Update > 0 && double.IsFinite(l.Update)));
        Assert.Equal(1, loops[0].Active);
        Assert.Equal(loops.Select(l => l.Active).OrderDescending(), loops.Select(l => l.Active));
    }

    [Fact]
    public void What_it_says_is_what_the_states_are()
    {
        using var scope = NewDisposeScope();
        using var model = (StarsModel)Create("stars");
        using var watch = new LoopWatch();
        var states = new List<Tensor>();
        Tensor x = model.Embed(CoTFormers.Tokens(2, 16), 0, model.NewPass(null));
        model.Run(x, 3, model.NewPass(null), trace: states.Add, watch: watch);
        Tensor[] all = [x, .. states];
        IReadOnlyList<LoopNumbers> loops = watch.Read();
        for (int n = 0; n < 3; n++)
        {
            double[] before = Values(all[n]), after = Values(all[n + 1]);
            double expected = Math.Sqrt(before.Zip(after, (b, a) => (a - b) * (a - b)).Sum() / before.Sum(b => b * b));
            Assert.Equal(expected, loops[n].Update, 1e-5);
        }
    }

    [Fact]
    public void Routers_tell_how_many_tokens_they_send_on()
    {
        using var scope = NewDisposeScope();
        foreach (CoTFormerConfig config in CoTFormers.Rationed.Values)
        {
            using LanguageModel model = CoTFormers.Create(config);
            using var watch = new LoopWatch();
            model.Forward(new ModelInput(CoTFormers.Tokens(2, 16), CoTFormers.Tokens(2, 16), Watch: watch));
            // ⌊0.6 · 16⌋ = 9 of 16, then ⌊0.3/0.6 · 9⌋ = 4 of these.
            Assert.Equal([9 / 16.0, 4 / 9.0], watch.Routers);
            Assert.Equal([1, 9 / 16.0, 4 / 16.0], watch.Read().Select(l => l.Active));
        }
    }

    [Fact]
    public void It_gives_back_all_its_tensors()
    {
        using LanguageModel model = Create("but_halting");
        Pass();     // masks and rotary tables stay with the model
        long before = Tensor.TotalCount;
        Pass();
        Assert.Equal(before, Tensor.TotalCount);

        void Pass()
        {
            using var scope = NewDisposeScope();
            using var watch = new LoopWatch();
            model.Forward(Input(watch));
            watch.Read();
        }
    }

    private static double[] Values(Tensor x) => x.detach().to(ScalarType.Float64).data<double>().ToArray();
}
