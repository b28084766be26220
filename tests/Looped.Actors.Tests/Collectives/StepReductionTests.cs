using Looped.Actors.Collectives;
using Looped.Actors.Training;
using Looped.Models.Data;
using Looped.Models.Optimization;
using Looped.Models.Randomness;
using Looped.Models.Recipes;
using Looped.Tests;

namespace Looped.Actors.Tests.Collectives;

public class StepReductionTests
{
    // A head of 90,000 numbers, which is worth a piece of its own.
    private const int Vocabulary = 300;

    private static readonly Recipe Run = new()
    {
        Name = "toy",
        Model = new ToyConfig { Family = "toy", SequenceLength = 6, Width = 300 },
        Batch = new BatchRecipe { GlobalSequences = 8, MicroSequences = 2 },
        Training = new TrainingRecipe { Steps = 3, Threads = 1 },
    };

    private static Replica Create() => new(Run, new ToyModel((ToyConfig)Run.Model, Vocabulary, RandomStream.Create(Run.Seed, "initialization")));

    private static MicroBatch Batch(long step, int index)
    {
        RandomStream stream = RandomStream.Create(5, "tokens").For("step", step).For("micro", index);
        int[] tokens = [.. Enumerable.Range(0, 12).Select(i => (int)(stream.Bits((ulong)i) % Vocabulary))];
        return new MicroBatch(step, index, 2, 6, tokens, [.. tokens.Skip(1), 0]);
    }

    private static string Alone()
    {
        using Replica replica = Create();
        for (int step = 0; step < Run.Training.Steps; step++)
        {
            for (int m = 0; m < Run.Batch.MicroBatches(); m++) replica.Compute(Batch(step, m));
            replica.Commit(replica.Sums, replica.Control);
        }
        return replica.WeightsHash();
    }

    /// <summary>Trains; of each step, what had travelled when the last micro-batch was done.</summary>
    private static (string Hash, List<int> Early) Train(ICollective ring, IReadOnlyList<int> mine, bool overlap)
    {
        using Replica replica = Create();
        using var reduction = new StepReduction(ring, replica, overlap);
        var control = new ControlVector(replica.Layout.Slots.Count);
        var early = new List<int>();
        for (int step = 0; step < Run.Training.Steps; step++)
        {
            int told = 0;
            Action<int>? tell = reduction.Early is { } send ? stage => { told++; send(stage); } : null;
            foreach (int m in mine) replica.Compute(Batch(step, m), completed: m == mine[^1] ? tell : null);
            early.Add(told);
            reduction.Finish();
            ring.Combine(replica.Control.Flags, control.Flags, ReduceOperation.Max);
            ring.Combine(replica.Control.Sums, control.Sums, ReduceOperation.Sum);
            replica.Commit(reduction.Result, control);
        }
        return (replica.WeightsHash(), early);
    }

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 0)]
    public void Pieces_that_travel_during_the_backward_pass_change_no_bit(bool overlap, int early)
    {
        using var world = new RingWorld(3);
        // The last rank has nothing to compute; its pieces still meet the others'.
        int[][] shares = [[0, 2, 3], [1], []];
        (string Hash, List<int> Early)[] ranks = world.Run(ring => Train(ring, shares[ring.Rank], overlap));
        Assert.All(ranks, rank => Assert.Equal(Alone(), rank.Hash));
        Assert.All(ranks[..2], rank => Assert.All(rank.Early, told => Assert.Equal(early, told)));
    }

    [Fact]
    public void One_rank_that_does_not_want_it_is_enough_for_nothing_to_travel_early()
    {
        using var world = new RingWorld(2);
        (string Hash, List<int> Early)[] ranks = world.Run(ring => Train(ring, ring.Rank == 0 ? [0, 1] : [2, 3], overlap: ring.Rank == 0));
        Assert.All(ranks, rank => Assert.Equal(Alone(), rank.Hash));
        Assert.All(ranks, rank => Assert.All(rank.Early, told => Assert.Equal(0, told)));
    }

    [Fact]
    public void A_ring_that_breaks_during_the_backward_pass_leaves_exact_sums_of_what_is_held()
    {
        using var world = new RingWorld(2);
        string[] sums = world.Run(ring =>
        {
            using Replica replica = Create();
            using (var reduction = new StepReduction(ring, replica, overlap: true))
            {
                int[] mine = ring.Rank == 0 ? [0, 1] : [2, 3];
                foreach (int m in mine)
                    replica.Compute(Batch(0, m), completed: m != mine[^1] ? null : stage =>
                    {
                        if (ring.Rank == 1) ring.Abort();
                        reduction.Early!(stage);
                    });
                Assert.Throws<CollectiveBrokenException>(reduction.Finish);
                Assert.Equal(mine, replica.Held);
            }
            return Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(replica.Sums.bytes));
        });
        for (int rank = 0; rank < 2; rank++)
        {
            using Replica expected = Create();
            foreach (int m in rank == 0 ? [0, 1] : new[] { 2, 3 }) expected.Compute(Batch(0, m));
            Assert.Equal(Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(expected.Sums.bytes)), sums[rank]);
        }
    }

    [Fact]
    public void Giving_up_while_a_piece_travels_ends_at_once_and_breaks_the_ring()
    {
        using var world = new RingWorld(2);
        bool[] broken = world.Run(ring =>
        {
            using Replica replica = Create();
            // Rank 1 takes part in the agreement and then in nothing, so that rank 0's piece cannot arrive.
            using (var reduction = new StepReduction(ring, replica, overlap: true))
                if (ring.Rank == 0) replica.Compute(Batch(0, 0), completed: reduction.Early);
                else Assert.True(ring.Broken.WaitHandle.WaitOne(TimeSpan.FromSeconds(20)));
            return ring.Broken.IsCancellationRequested;
        });
        Assert.All(broken, Assert.True);
    }
}
