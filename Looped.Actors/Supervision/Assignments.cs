namespace Looped.Actors.Supervision;

/// <summary>Deals micro-batches to ranks. The result of a step does not depend on how; its duration does.</summary>
public static class Assignments
{
    /// <summary>Deals M micro-batches by speed; every rank keeps those that it already holds, and has at least one while there are enough.</summary>
    /// <param name="microBatches">M, at least the number of ranks.</param>
    /// <param name="held">For each rank, micro-batches it already computed; disjoint.</param>
    /// <param name="seconds">For each rank, seconds per micro-batch; 0 if not known, which counts as the mean of the others.</param>
    public static IReadOnlyList<IReadOnlyList<int>> Deal(int microBatches, IReadOnlyList<IReadOnlyList<int>> held, IReadOnlyList<double> seconds)
    {
        ArgumentNullException.ThrowIfNull(held);
        int world = held.Count;
        ArgumentOutOfRangeException.ThrowIfLessThan(microBatches, world);
        int[] shares = Shares(microBatches, seconds, [.. held.Select(h => h.Count)]);
        var taken = new HashSet<int>(held.SelectMany(h => h));
        var rest = new Queue<int>(Enumerable.Range(0, microBatches).Where(m => !taken.Contains(m)));
        var assignment = new List<IReadOnlyList<int>>(world);
        for (int rank = 0; rank < world; rank++)
        {
            var mine = new List<int>(held[rank].Order());
            while (mine.Count < shares[rank]) mine.Add(rest.Dequeue());
            assignment.Add(mine);
        }
        return assignment;
    }

    /// <summary>Predicted seconds of a step's computation: those of the rank that takes longest. 0 if a speed is not known.</summary>
    public static double Predict(IReadOnlyList<int> counts, IReadOnlyList<double> seconds) =>
        seconds.Any(s => s <= 0) ? 0 : counts.Zip(seconds, (count, second) => count * second).Max();

    /// <summary>
    /// How many micro-batches each rank should have: one after the other goes to the rank that would be done with it first.
    /// That is optimal for equal micro-batches, and depends on nothing but the numbers given.
    /// </summary>
    /// <param name="microBatches">M.</param>
    /// <param name="seconds">Seconds per micro-batch of each rank; 0 if not known.</param>
    /// <param name="atLeast">What each rank has already.</param>
    public static int[] Shares(int microBatches, IReadOnlyList<double> seconds, IReadOnlyList<int> atLeast)
    {
        ArgumentNullException.ThrowIfNull(seconds);
        ArgumentNullException.ThrowIfNull(atLeast);
        double[] known = [.. seconds.Where(s => s > 0)];
        double mean = known.Length > 0 ? known.Average() : 1;
        double[] cost = [.. seconds.Select(s => s > 0 ? s : mean)];
        int[] shares = [.. atLeast];
        int rest = microBatches - shares.Sum();
        var next = new PriorityQueue<int, (double Done, int Rank)>();
        for (int rank = 0; rank < cost.Length; rank++)
        {
            if (shares[rank] == 0 && rest > 0)
            {
                shares[rank] = 1;
                rest--;
            }
            next.Enqueue(rank, ((shares[rank] + 1) * cost[rank], rank));
        }
        for (; rest > 0; rest--)
        {
            int rank = next.Dequeue();
            shares[rank]++;
            next.Enqueue(rank, ((shares[rank] + 1) * cost[rank], rank));
        }
        return shares;
    }
}
