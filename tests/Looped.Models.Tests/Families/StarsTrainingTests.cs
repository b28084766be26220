using Looped.Models.Data;
using Looped.Models.Families;
using Looped.Models.Families.Stars;
using Looped.Models.Optimization;
using Looped.Models.Randomness;
using Looped.Models.Recipes;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Families;

/// <summary>Random loops, dropout and the regulariser in the trainer's own step.</summary>
[Collection(nameof(AloneInTheProcess))]
public class StarsTrainingTests
{
    private static readonly StarsConfig Config = new()
    {
        Family = "stars",
        Width = 48,
        Heads = 2,
        Hidden = 64,
        SequenceLength = 32,
        Dropout = 0.1,
        Coda = true,
        L2Limit = true,
        LoopDistribution = LoopDistribution.LogNorm,
        LoopMu = 1,
        LoopSigma = 0.5,
        MaxLoops = 4,
        RegWeight = 0.1,
        SpectralIters = 2,
    };

    private static Replica Start(StarsConfig? config = null)
    {
        var recipe = new Recipe
        {
            Name = "stars",
            Model = config ?? Config,
            Batch = new BatchRecipe { GlobalSequences = 6, MicroSequences = 2 },
            Training = new TrainingRecipe { Steps = 100, Threads = 2 },
        };
        return new Replica(recipe, FamilyRegistry.Find("stars")!.Create(recipe.Model, CoTFormers.Vocabulary, RandomStream.Create(7, "initialization")));
    }

    private static CommittedStep Step(Replica replica, int[] order)
    {
        foreach (int index in order)
        {
            using var scope = NewDisposeScope();
            int[] tokens = [.. CoTFormers.Tokens(2, 32, seed: index).data<long>().Select(t => (int)t)];
            replica.Compute(new MicroBatch(replica.Step, index, 2, 32, tokens, [.. tokens.Skip(1), 0]));
        }
        CommittedStep step = replica.Commit(replica.Sums, replica.Control);
        GC.Collect(0);
        return step;
    }

    [Fact]
    public void A_step_says_how_often_it_looped_and_how_large_the_penalty_was_whoever_computed_what()
    {
        using Replica whole = Start(), one = Start(), two = Start();
        CommittedStep step = Step(whole, [0, 1, 2]);
        foreach ((Replica replica, int index) in (ReadOnlySpan<(Replica, int)>)[(one, 0), (two, 1), (one, 2)])
        {
            using var scope = NewDisposeScope();
            int[] tokens = [.. CoTFormers.Tokens(2, 32, seed: index).data<long>().Select(t => (int)t)];
            replica.Compute(new MicroBatch(0, index, 2, 32, tokens, [.. tokens.Skip(1), 0]));
        }
        var sum = new ControlVector(one.Layout.Slots.Count);
        for (int i = 0; i < sum.Sums.Length; i++) sum.Sums[i] = one.Control.Sums[i] + two.Control.Sums[i];
        for (int i = 0; i < sum.Flags.Length; i++) sum.Flags[i] = Math.Max(one.Control.Flags[i], two.Control.Flags[i]);
        CommittedStep shared = one.Commit(one.Sums + two.Sums, sum);

        var counts = new LoopCounts(Config);
        int[] drawn = [.. Enumerable.Range(0, 3).Select(m => counts.Draw(RandomStream.ForMicroBatch(1337, 0, m), place: null))];
        Assert.Equal(drawn.Average(), step.Loops);
        Assert.True(step.Regulariser > 0, $"{step.Regulariser}");
        Assert.Equal((step.Loops, step.Regulariser, step.Loss), (shared.Loops, shared.Regulariser, shared.Loss));
    }

    [Fact]
    public void Before_the_warm_up_is_over_there_is_no_penalty_to_tell_of()
    {
        using Replica replica = Start(Config with { RegWarmupSteps = 0 });
        Assert.Null(Step(replica, [0, 1, 2]).Regulariser);
        Assert.NotNull(Step(replica, [0, 1, 2]).Regulariser);
    }

    private static T OnTwoThreads<T>(Func<T> run)
    {
        int threads = get_num_threads();
        set_num_threads(2);
        try
        {
            return run();
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [Fact]
    public void The_same_micro_batch_gives_the_same_bits_twenty_times_on_two_threads()
    {
        string[] hashes = OnTwoThreads(() => Enumerable.Range(0, 20).Select(_ =>
        {
            using Replica replica = Start();
            Step(replica, [0, 1, 2]);
            return replica.WeightsHash();
        }).ToArray());
        Assert.Single(hashes.Distinct());
    }

    [Fact]
    public void The_order_of_micro_batches_changes_no_bit_and_the_loss_falls()
    {
        using Replica one = Start(), other = Start();
        double[] losses = OnTwoThreads(() => Enumerable.Range(0, 12).Select(_ =>
        {
            Step(other, [2, 0, 1]);
            return Step(one, [0, 1, 2]).Loss;
        }).ToArray());

        Assert.Equal(one.WeightsHash(), other.WeightsHash());
        Assert.True(losses[^1] < losses[0], $"{losses[0]} → {losses[^1]}");
    }

    [Fact]
    public void Steps_leave_no_tensor_behind()
    {
        using Replica replica = Start(Config with { LoopDistribution = LoopDistribution.Fixed });
        for (int i = 0; i < 3; i++) Step(replica, [0, 1, 2]);
        Settle();
        long tensors = Tensor.TotalCount;
        for (int i = 0; i < 10; i++) Step(replica, [0, 1, 2]);
        Settle();
        Assert.Equal(tensors, Tensor.TotalCount);
    }

    private static void Settle()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }
}
