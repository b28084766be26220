using System.Diagnostics;
using Looped.Models.Data;
using Looped.Models.Families;
using Looped.Models.Families.CoTFormer;
using Looped.Models.Optimization;
using Looped.Models.Randomness;
using Looped.Models.Recipes;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Optimization;

/// <summary>What a real model's step does over time: it learns, it leaks nothing, and nobody beside it changes a bit.</summary>
[Collection(nameof(AloneInTheProcess))]
public class TrainingBehaviourTests
{
    private const int Vocabulary = 31;

    private static Recipe Recipe(double dropout, int steps, double rate = 1e-3) => new()
    {
        Name = "behaviour",
        Model = new CoTFormerConfig
        {
            Family = "cotformer",
            Variant = "ln_cotformer",
            Layers = 3,
            LayersBegin = 1,
            LayersEnd = 1,
            Width = 32,
            Heads = 2,
            SequenceLength = 16,
            Repeats = 2,
            Dropout = dropout,
        },
        Batch = new BatchRecipe { GlobalSequences = 4, MicroSequences = 2 },
        Optimizer = new OptimizerRecipe { LearningRate = rate },
        Schedule = new ScheduleRecipe { Name = ScheduleName.Constant },
        Training = new TrainingRecipe { Steps = steps, Threads = 1 },
    };

    private static LanguageModel Model(Recipe recipe) =>
        FamilyRegistry.Find("cotformer")!.Create(recipe.Model, Vocabulary, RandomStream.Create(recipe.Seed, "initialization"));

    private static MicroBatch Batch(long step, int index, long tokensOf)
    {
        RandomStream stream = RandomStream.Create(9, "tokens").For("step", tokensOf).For("micro", index);
        int[] tokens = [.. Enumerable.Range(0, 32).Select(i => (int)(stream.Bits((ulong)i) % Vocabulary))];
        return new MicroBatch(step, index, 2, 16, tokens, [.. tokens.Skip(1), 0]);
    }

    private static CommittedStep Step(Replica replica, bool sameBatch = false)
    {
        long step = replica.Step;
        for (int i = 0; i < 2; i++) replica.Compute(Batch(step, i, sameBatch ? 0 : step));
        CommittedStep committed = replica.Commit(replica.Sums, replica.Control);
        GC.Collect(0);
        return committed;
    }

    [Fact]
    public void One_batch_can_be_learned_by_heart()
    {
        Recipe recipe = Recipe(dropout: 0, steps: 400, rate: 3e-3);
        using var replica = new Replica(recipe, Model(recipe));
        double loss = double.NaN;
        for (int step = 0; step < 400; step++) loss = Step(replica, sameBatch: true).Loss;
        Assert.InRange(loss, 0, 0.05);
    }

    [Fact]
    public void Three_hundred_steps_leak_nothing()
    {
        Recipe recipe = Recipe(dropout: 0.1, steps: 1000);
        using var replica = new Replica(recipe, Model(recipe));
        for (int step = 0; step < 50; step++) Step(replica);
        Settle();
        long tensors = Tensor.TotalCount, memory = ResidentBytes();
        for (int step = 0; step < 300; step++) Step(replica);
        Settle();
        Assert.Equal(tensors, Tensor.TotalCount);
        Assert.InRange(ResidentBytes(), 0, (long)(memory * 1.1));
    }

    [Fact]
    public void Another_thread_that_draws_and_evaluates_changes_no_bit()
    {
        Recipe recipe = Recipe(dropout: 0.2, steps: 100);
        string Train()
        {
            using var replica = new Replica(recipe, Model(recipe));
            for (int step = 0; step < 30; step++) Step(replica);
            return replica.WeightsHash();
        }

        string alone = Train();
        using var end = new CancellationTokenSource();
        long disturbances = 0;
        var other = new Thread(() =>
        {
            using LanguageModel model = Model(recipe);
            while (!end.IsCancellationRequested)
            {
                using var scope = NewDisposeScope();
                _ = rand(1000);
                Models.Evaluation.Perplexity.Measure(model, [Batch(0, 0, 77)]);
                Interlocked.Increment(ref disturbances);
            }
        });
        other.Start();
        try
        {
            Assert.Equal(alone, Train());
        }
        finally
        {
            end.Cancel();
            other.Join();
        }
        Assert.True(disturbances > 0);
    }

    private static void Settle()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }

    private static long ResidentBytes()
    {
        using Process process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
