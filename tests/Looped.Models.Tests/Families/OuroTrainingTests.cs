using Looped.Models.Checkpoints;
using Looped.Models.Data;
using Looped.Models.Families;
using Looped.Models.Families.Ouro;
using Looped.Models.Optimization;
using Looped.Models.Randomness;
using Looped.Models.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Families;

[Collection(nameof(AloneInTheProcess))]
public class OuroTrainingTests
{
    private static readonly OuroConfig Small = new()
    {
        Family = "ouro",
        Width = 32,
        Hidden = 48,
        Layers = 3,
        Heads = 4,
        KeyValueHeads = 2,
        SequenceLength = 12,
        Loops = 4,
    };

    private static (double Loss, Dictionary<string, double[]> Gradients) Differentiate(OuroConfig config)
    {
        using var scope = NewDisposeScope();
        using LanguageModel model = FamilyRegistry.Find("ouro")!.Create(config, CoTFormers.Vocabulary, RandomStream.Create(7, "initialization"));
        model.to(ScalarType.Float64);
        ModelOutput output = model.Forward(new ModelInput(CoTFormers.Tokens(2, 12), CoTFormers.Tokens(2, 12, seed: 2), RandomStream.ForMicroBatch(3, 0, 0), Place: new(3, 0, 0, 1)));
        output.Loss!.backward();
        output.FinishBackward?.Invoke();
        return (output.Loss.item<double>(), model.named_parameters().Where(p => p.parameter.grad is not null)
            .ToDictionary(p => p.name, p => p.parameter.grad!.data<double>().ToArray()));
    }

    [Theory]
    [InlineData(Recompute.Step, ExitRule.Weighted, 0)]
    [InlineData(Recompute.Step, ExitRule.Last, 0.1)]
    [InlineData(Recompute.Layer, ExitRule.Weighted, 0.1)]
    [InlineData(Recompute.Layer, ExitRule.Last, 0)]
    public void Gradients_do_not_depend_on_what_is_computed_again(Recompute recompute, ExitRule exit, double penalty)
    {
        OuroConfig kept = Small with { TrainingExit = exit, RegWeight = penalty };
        (double loss, Dictionary<string, double[]> expected) = Differentiate(kept);
        (double again, Dictionary<string, double[]> actual) = Differentiate(kept with { Recompute = recompute });
        Assert.Equal(loss, again, 1e-13);
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        Assert.All(expected, e =>
        {
            double size = Math.Sqrt(e.Value.Sum(v => v * v)), error = Math.Sqrt(e.Value.Zip(actual[e.Key], (a, b) => (a - b) * (a - b)).Sum());
            // Float64 sums of some hundred terms in another order.
            Assert.True(error <= 1e-12 * size + 1e-15, $"{e.Key}: {error} of {size}");
        });
    }

    [Fact]
    public void What_is_computed_again_gives_all_its_tensors_back()
    {
        OuroConfig config = Small with { Recompute = Recompute.Layer, RegWeight = 0.1 };
        using LanguageModel model = FamilyRegistry.Find("ouro")!.Create(config, CoTFormers.Vocabulary, RandomStream.Create(7, "initialization"));
        Pass();
        long before = Tensor.TotalCount;
        Pass();
        Assert.Equal(before, Tensor.TotalCount);

        void Pass()
        {
            using var scope = NewDisposeScope();
            ModelOutput output = model.Forward(new ModelInput(CoTFormers.Tokens(2, 12), CoTFormers.Tokens(2, 12, seed: 2), RandomStream.ForMicroBatch(3, 0, 0), Place: new(3, 0, 0, 1)));
            output.Loss!.backward();
            output.FinishBackward!();
            foreach ((_, TorchSharp.Modules.Parameter parameter) in model.named_parameters()) parameter.grad = null;
        }
    }

    [Fact]
    public void The_estimate_of_memory_does_not_grow_with_the_loops_but_for_the_states_between_them()
    {
        long Bytes(int loops, Recompute recompute)
        {
            using LanguageModel model = FamilyRegistry.Find("ouro")!.Create(Small with { Loops = loops, Recompute = recompute }, CoTFormers.Vocabulary, RandomStream.Create(7, "initialization"));
            return model.ActivationBytes(1, 12, 4);
        }
        Assert.True(Bytes(16, Recompute.None) > 3 * Bytes(4, Recompute.None));
        Assert.Equal(12L * 12 * 32 * 4, Bytes(16, Recompute.Step) - Bytes(4, Recompute.Step));
        Assert.True(Bytes(16, Recompute.Layer) < Bytes(16, Recompute.Step));
    }

    [Fact]
    public void Weights_in_bfloat16_learn_and_are_stored_as_such()
    {
        using var source = CoTFormers.Tokens(4, 13);
        int[] ids = [.. source.data<long>().ToArray().Select(i => (int)i)];
        var recipe = new Recipe
        {
            Model = Small with { Loops = 2 },
            Batch = new BatchRecipe { GlobalSequences = 4, MicroSequences = 4 },
            Optimizer = new OptimizerRecipe { LearningRate = 1e-2, WeightDecay = 0 },
            Schedule = new ScheduleRecipe { Name = ScheduleName.Constant },
            Training = new TrainingRecipe { Steps = 30, Precision = Precision.Bfloat16Weights, Threads = 1 },
        };
        using var replica = new Replica(recipe, FamilyRegistry.Find("ouro")!.Create(recipe.Model, CoTFormers.Vocabulary, RandomStream.Create(7, "initialization")));
        var losses = new List<double>();
        for (int step = 0; step < 30; step++)
        {
            var tokens = new int[48];
            var targets = new int[48];
            for (int row = 0; row < 4; row++)
            {
                Array.Copy(ids, 13 * row, tokens, 12 * row, 12);
                Array.Copy(ids, 13 * row + 1, targets, 12 * row, 12);
            }
            replica.Compute(new MicroBatch(step, 0, 4, 12, tokens, targets));
            losses.Add(replica.Commit(replica.Sums, replica.Control).Loss);
        }
        Assert.InRange(losses[0], 3, 4);            // ln 31 = 3.43
        Assert.True(losses[^1] < 0.5 * losses[0], $"{losses[0]} → {losses[^1]}");
        Assert.All(replica.Snapshot().Parameters, p => Assert.Equal(ElementType.BF16, p.Type));
    }
}
