using Looped.Models.Data;
using Looped.Models.Optimization;
using Looped.Models.Randomness;
using Looped.Models.Recipes;
using Looped.Tests;
using TorchSharp;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Optimization;

public class ReplicaTests
{
    private const int Vocabulary = 17;

    private static Recipe Recipe(Func<Recipe, Recipe>? change = null)
    {
        var recipe = new Recipe
        {
            Name = "toy",
            Model = new ToyConfig { Family = "toy", SequenceLength = 6 },
            Batch = new BatchRecipe { GlobalSequences = 8, MicroSequences = 2 },
            Training = new TrainingRecipe { Steps = 10, Threads = 1 },
        };
        return change?.Invoke(recipe) ?? recipe;
    }

    private static Replica Create(Recipe recipe) =>
        new(recipe, new ToyModel((ToyConfig)recipe.Model, Vocabulary, RandomStream.Create(recipe.Seed, "initialization")));

    private static MicroBatch Batch(long step, int index, int ignored = 0)
    {
        RandomStream stream = RandomStream.Create(5, "tokens").For("step", step).For("micro", index);
        int[] tokens = [.. Enumerable.Range(0, 12).Select(i => (int)(stream.Bits((ulong)i) % Vocabulary))];
        int[] targets = [.. tokens.Skip(1), 0];
        for (int i = 0; i < ignored; i++) targets[i] = MicroBatch.Ignored;
        return new MicroBatch(step, index, 2, 6, tokens, targets);
    }

    private static CommittedStep Step(Replica replica, IEnumerable<int>? order = null, Func<int, int>? ignored = null)
    {
        foreach (int i in order ?? [0, 1, 2, 3]) replica.Compute(Batch(replica.Step, i, ignored?.Invoke(i) ?? 0));
        return replica.Commit(replica.Sums, replica.Control);
    }

    [Fact]
    public void The_order_of_micro_batches_changes_no_bit()
    {
        using Replica forward = Create(Recipe()), backward = Create(Recipe());
        for (int step = 0; step < 5; step++)
        {
            Step(forward);
            Step(backward, [3, 2, 1, 0]);
        }
        Assert.Equal(forward.WeightsHash(), backward.WeightsHash());
    }

    [Fact]
    public void Restoring_a_snapshot_continues_with_the_same_bits()
    {
        using Replica undisturbed = Create(Recipe()), first = Create(Recipe()), second = Create(Recipe(r => r with { Seed = 99 }));
        for (int step = 0; step < 6; step++) Step(undisturbed);
        for (int step = 0; step < 3; step++) Step(first);
        using Replica resumed = Create(Recipe());
        resumed.Restore(first.Snapshot());
        for (int step = 0; step < 3; step++) Step(resumed);
        Assert.Equal(undisturbed.WeightsHash(), resumed.WeightsHash());
        Assert.Equal(6, resumed.Step);
        Assert.Equal(undisturbed.Tokens, resumed.Tokens);
        Assert.NotEqual(undisturbed.WeightsHash(), second.WeightsHash());
    }

    [Fact]
    public void Token_weighting_equals_one_large_batch_in_double_precision()
    {
        // Unequal numbers of scored tokens: the exact mean over all of them, whatever the cut.
        Recipe recipe = Recipe(r => r with
        {
            Model = new ToyConfig { Family = "toy", SequenceLength = 6, Dropout = 0 },
            Training = r.Training with { Precision = Precision.Float64 },
            Optimizer = r.Optimizer with { ClipNorm = 0 },
        });
        using Replica replica = Create(recipe);
        CommittedStep step = Step(replica, ignored: i => i * 3);

        using var model = new ToyModel((ToyConfig)recipe.Model, Vocabulary, RandomStream.Create(recipe.Seed, "initialization"));
        model.to(ScalarType.Float64);
        using var scope = NewDisposeScope();
        MicroBatch[] all = [.. Enumerable.Range(0, 4).Select(i => Batch(0, i, i * 3))];
        Tensor tokens = tensor(all.SelectMany(b => b.Tokens).ToArray(), dtype: ScalarType.Int64).view(8, 6);
        Tensor targets = tensor(all.SelectMany(b => b.Targets).ToArray(), dtype: ScalarType.Int64).view(8, 6);
        Tensor loss = model.Forward(new(tokens, targets, RandomStream.Create(0, "any"))).Loss!;
        loss.backward();
        double norm = Math.Sqrt(model.parameters().Sum(p => p.grad!.square().sum().item<double>()));

        // The fixed point rounds each of ~700 elements of each micro-batch by at most 2^-41.
        Assert.InRange(step.Loss - loss.item<double>(), -1e-11, 1e-11);
        Assert.InRange(step.GradientNorm - norm, -1e-10, 1e-10);
        Assert.Equal(48 - 18, step.ScoredTokens);
    }

    [Fact]
    public void A_gradient_that_comes_after_its_stage_is_an_error()
    {
        using Replica replica = Create(Recipe(r => r with { Model = new ToyConfig { Family = "toy", SequenceLength = 6, LiesAboutStages = true } }));
        var error = Assert.Throws<InvalidOperationException>(() => replica.Compute(Batch(0, 0)));
        Assert.Contains("layer.", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tensor_that_no_micro_batch_touched_is_left_alone()
    {
        Recipe recipe = Recipe(r => r with { Model = new ToyConfig { Family = "toy", SequenceLength = 6, DropLayer = true } });
        using Replica replica = Create(recipe);
        int untouched = 0, touched = 0;
        for (int step = 0; step < 40; step++)
        {
            bool expected = Enumerable.Range(0, 4).Any(i => RandomStream.ForMicroBatch(recipe.Seed, step, i).For("layer").Uniform() < 0.5);
            byte[] before = Weights(replica, "optional.weight"), other = Weights(replica, "layer.bias");
            Step(replica);
            Assert.Equal(expected, !before.AsSpan().SequenceEqual(Weights(replica, "optional.weight")));
            Assert.False(other.AsSpan().SequenceEqual(Weights(replica, "layer.bias")));
            if (expected) touched++;
            else untouched++;
        }
        Assert.True(untouched > 0 && touched > 0);
        Assert.Equal(touched, BitConverter.ToInt64(replica.Snapshot().Optimizer.Single(t => t.Name == "step.optional.weight").Data.Span));
    }

    private static byte[] Weights(Replica replica, string name) => replica.Snapshot().Parameters.Single(t => t.Name == name).Data.ToArray();

    [Fact]
    public void A_lost_or_double_micro_batch_cannot_be_committed()
    {
        using Replica replica = Create(Recipe());
        foreach (int i in new[] { 0, 1, 2 }) replica.Compute(Batch(0, i));
        Assert.Throws<LoopedException>(() => replica.Commit(replica.Sums, replica.Control));

        using Replica other = Create(Recipe());
        other.Compute(Batch(0, 2));
        var doubled = new ControlVector(replica.Layout.Slots.Count);
        for (int i = 0; i < doubled.Sums.Length; i++) doubled.Sums[i] = replica.Control.Sums[i] + other.Control.Sums[i];
        Assert.Equal(4, doubled[ControlSum.MicroBatches]);
        Assert.Throws<LoopedException>(() => replica.Commit(replica.Sums, doubled));
        Assert.Equal(0, replica.Step);
    }

    [Fact]
    public void A_gradient_that_is_not_finite_skips_the_update_and_advances_the_schedule()
    {
        using Replica replica = Create(Recipe());
        Step(replica);
        string before = replica.WeightsHash();
        for (int i = 0; i < 4; i++) replica.Compute(Batch(1, i));
        replica.Control[ControlFlag.Unacceptable] = true;
        CommittedStep skipped = replica.Commit(replica.Sums, replica.Control);
        Assert.True(skipped.Skipped);
        Assert.Equal((2, 1, before), (replica.Step, replica.SkippedSteps, replica.WeightsHash()));
        Assert.False(Step(replica).Skipped);

        using Replica strict = Create(Recipe(r => r with { Training = r.Training with { OnNonfinite = OnNonfinite.Stop } }));
        for (int i = 0; i < 4; i++) strict.Compute(Batch(0, i));
        strict.Control[ControlFlag.Unacceptable] = true;
        Assert.Contains("on_nonfinite", Assert.Throws<LoopedException>(() => strict.Commit(strict.Sums, strict.Control)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_exploding_model_is_noticed_by_the_reduction_itself()
    {
        using Replica replica = Create(Recipe());
        using (no_grad())
            foreach (var parameter in replica.Model.parameters()) parameter.fill_(float.NaN);
        Assert.True(Step(replica).Skipped);
    }

    [Fact]
    public void A_snapshot_of_another_model_is_refused_with_every_difference()
    {
        using Replica small = Create(Recipe()), wide = Create(Recipe(r => r with { Model = new ToyConfig { Family = "toy", SequenceLength = 6, Width = 16 } }));
        string message = Assert.Throws<LoopedException>(() => wide.Restore(small.Snapshot())).Message;
        Assert.Contains("embedding.weight is F32 (17, 12) instead of F32 (17, 16)", message, StringComparison.Ordinal);
        Assert.Contains("head.weight", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Float32_reduction_and_double_precision_train_too()
    {
        foreach (var (reduction, precision) in new[] { (Reduction.Float32, Precision.Float32), (Reduction.Exact64, Precision.Float64), (Reduction.Float32, Precision.Float64) })
        {
            using Replica replica = Create(Recipe(r => r with { Training = r.Training with { Reduction = reduction, Precision = precision } }));
            using Replica exact = Create(Recipe());
            CommittedStep step = Step(replica), reference = Step(exact);
            // Single precision against double on a loss of about 3: a few units of 2^-22.
            Assert.InRange(step.Loss - reference.Loss, -3e-6, 3e-6);
            Assert.InRange(step.GradientNorm / reference.GradientNorm - 1, -3e-6, 3e-6);
        }
    }

    [Fact]
    public void Mixed_precision_rounds_products_to_bfloat16_and_keeps_weights_and_order_independence()
    {
        Recipe mixed = Recipe(r => r with { Training = r.Training with { Precision = Precision.Bfloat16 } });
        using Replica replica = Create(mixed), backward = Create(mixed), exact = Create(Recipe());
        CommittedStep step = Step(replica), reference = Step(exact);
        Step(backward, [3, 2, 1, 0]);
        // bfloat16 has 8 significant bits: the logits, of size 1, move by up to 2^-8 or so, and the mean over 96 tokens by less; never not at all.
        Assert.NotEqual(reference.Loss, step.Loss);
        Assert.InRange(step.Loss - reference.Loss, -4e-3, 4e-3);
        Assert.All(replica.Model.parameters(), p => Assert.Equal(ScalarType.Float32, p.dtype));
        Assert.Equal(replica.WeightsHash(), backward.WeightsHash());
    }
}
