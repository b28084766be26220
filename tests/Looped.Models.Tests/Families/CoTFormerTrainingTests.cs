using Looped.Models.Data;
using Looped.Models.Families.CoTFormer;
using Looped.Models.Optimization;
using Looped.Models.Recipes;
using static Looped.Models.Tests.Families.CoTFormers;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Families;

/// <summary>What every variant must keep in the trainer's own step.</summary>
[Collection(nameof(AloneInTheProcess))]
public class CoTFormerTrainingTests
{
    private const int MicroBatches = 3;

    public static TheoryData<string> Names => [.. Configs.Keys];

    private static Replica Start(string name)
    {
        CoTFormerConfig config = Configs[name] with { Dropout = 0.1 };
        var recipe = new Recipe
        {
            Name = "variant",
            Model = config,
            Batch = new BatchRecipe { GlobalSequences = 2 * MicroBatches, MicroSequences = 2 },
            Training = new TrainingRecipe { Steps = 100, Threads = get_num_threads() },
        };
        return new Replica(recipe, Create(config));
    }

    private static void Step(Replica replica, IEnumerable<int> order)
    {
        foreach (int index in order)
        {
            using var scope = NewDisposeScope();
            int[] tokens = [.. Tokens(2, 16, seed: (int)replica.Step * 10 + index).data<long>().Select(t => (int)t)];
            replica.Compute(new MicroBatch(replica.Step, index, 2, 16, tokens, [.. tokens.Skip(1), 0]));
        }
        replica.Commit(replica.Sums, replica.Control);
        GC.Collect(0);
    }

    [Theory, MemberData(nameof(Names))]
    public void Steps_leave_no_tensor_behind(string name)
    {
        using Replica replica = Start(name);
        for (int i = 0; i < 5; i++) Step(replica, [0, 1, 2]);
        Settle();
        long tensors = Tensor.TotalCount;
        for (int i = 0; i < 20; i++) Step(replica, [0, 1, 2]);
        Settle();
        Assert.Equal(tensors, Tensor.TotalCount);
    }

    [Theory, MemberData(nameof(Names))]
    public void The_order_in_which_micro_batches_are_computed_changes_no_bit(string name)
    {
        using Replica one = Start(name), other = Start(name);
        for (int i = 0; i < 4; i++)
        {
            Step(one, [0, 1, 2]);
            Step(other, [2, 0, 1]);
        }
        Assert.Equal(one.WeightsHash(), other.WeightsHash());
    }

    private static void Settle()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }
}
