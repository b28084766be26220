using Looped.Models.Data;
using Looped.Models.Families;
using Looped.Models.Families.CoTFormer;
using Looped.Models.Optimization;
using Looped.Models.Recipes;
using static Looped.Models.Tests.Families.CoTFormers;
using static TorchSharp.torch;

namespace Looped.Models.Tests.Families;

/// <summary>What every variant must keep in the trainer's own step.</summary>
[Collection(nameof(AloneInTheProcess))]
public sealed class CoTFormerTrainingTests : IDisposable
{
    private const int MicroBatches = 3;

    private readonly int _threads = get_num_threads();

    /// <summary>Models this small are slower on two threads, and much slower on a busy machine.</summary>
    public CoTFormerTrainingTests() => set_num_threads(1);

    public void Dispose() => set_num_threads(_threads);

    /// <summary>One of each variant.</summary>
    public static TheoryData<string> Names => [.. Configs.DistinctBy(c => c.Value.Variant).Select(c => c.Key)];

    private static Replica Start(string name, Precision precision = Precision.Float32)
    {
        CoTFormerConfig config = Configs[name] with { Dropout = 0.1 };
        var recipe = new Recipe
        {
            Name = "variant",
            Model = config,
            Batch = new BatchRecipe { GlobalSequences = 2 * MicroBatches, MicroSequences = 2 },
            Training = new TrainingRecipe { Steps = 100, Threads = 1, Precision = precision },
        };
        return new Replica(recipe, Create(config));
    }

    private static CommittedStep Step(Replica replica, IEnumerable<int> order)
    {
        foreach (int index in order)
        {
            using var scope = NewDisposeScope();
            int[] tokens = [.. Tokens(2, 16, seed: (int)replica.Step * 10 + index).data<long>().Select(t => (int)t)];
            replica.Compute(new MicroBatch(replica.Step, index, 2, 16, tokens, [.. tokens.Skip(1), 0]));
        }
        CommittedStep step = replica.Commit(replica.Sums, replica.Control);
        GC.Collect(0);
        return step;
    }

    [Theory, MemberData(nameof(Names))]
    public void Steps_leave_no_tensor_behind(string name)
    {
        using Replica replica = Start(name);
        for (int i = 0; i < 3; i++) Step(replica, [0, 1, 2]);
        Warm(replica, Configs[name]);
        Settle();
        long tensors = Tensor.TotalCount;
        for (int i = 0; i < 12; i++) Step(replica, [0, 1, 2]);
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

    [Theory, MemberData(nameof(Names))]
    public void In_bfloat16_a_step_is_near_that_in_float32(string name)
    {
        using Replica single = Start(name), mixed = Start(name, Precision.Bfloat16);
        CommittedStep expected = Step(single, [0, 1, 2]), actual = Step(mixed, [0, 1, 2]);
        Assert.Equal(expected.Loss, actual.Loss, 0.05 * expected.Loss);
        Assert.False(actual.Skipped);
    }

    /// <summary>Masks are kept once made; a pass in which every token runs every repeat makes them all.</summary>
    private static void Warm(Replica replica, CoTFormerConfig config)
    {
        using var scope = NewDisposeScope();
        using var quiet = no_grad();
        replica.Model.Forward(new ModelInput(Tokens(2, 16), Loops: config.Variant == "base" ? null : config.Repeats));
    }

    private static void Settle()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
    }
}
