using System.Globalization;

namespace Looped.Actors.Tests.Simulation;

/// <summary>A micro-batch of a step.</summary>
internal readonly record struct Tag(long Step, int MicroBatch);

/// <summary>
/// What a worker computes, reduced to what the protocol must not lose: a state that depends on every earlier state and on exactly which
/// micro-batches were added up, each time.
/// </summary>
internal sealed class Replica
{
    public long Step { get; private set; }

    public ulong State { get; private set; } = Initial;

    /// <summary>Micro-batches whose gradients are in the sums.</summary>
    public List<Tag> Held { get; } = [];

    public string Hash => State.ToString("x16", CultureInfo.InvariantCulture);

    private static ulong Initial => 0x9E3779B97F4A7C15;

    public void Compute(int microBatch) => Held.Add(new Tag(Step, microBatch));

    public void Drop() => Held.Clear();

    public void Commit(IEnumerable<Tag> summed)
    {
        // A sum: the order in which micro-batches were added does not matter, how often each was does.
        ulong sum = 0;
        foreach (Tag tag in summed) sum += Mix(((ulong)tag.Step << 20) + (ulong)tag.MicroBatch + 1);
        State = Mix(State ^ Mix(sum));
        Step++;
        Held.Clear();
    }

    public void Set(long step, ulong state)
    {
        (Step, State) = (step, state);
        Held.Clear();
    }

    public void Reinitialize() => Set(0, Initial);

    /// <summary>A copy that was cut off: some tensors are the donor's, some its own.</summary>
    public void Tear(ulong donor) => State = Mix(State ^ (donor << 1));

    /// <summary>The states one undisturbed worker goes through.</summary>
    public static ulong[] Undisturbed(int microBatches, long steps)
    {
        var replica = new Replica();
        var states = new ulong[steps + 1];
        states[0] = replica.State;
        for (long step = 0; step < steps; step++)
        {
            for (int m = 0; m < microBatches; m++) replica.Compute(m);
            replica.Commit([.. replica.Held]);
            states[step + 1] = replica.State;
        }
        return states;
    }

    private static ulong Mix(ulong x)
    {
        x ^= x >> 30;
        x *= 0xBF58476D1CE4E5B9;
        x ^= x >> 27;
        x *= 0x94D049BB133111EB;
        return x ^ (x >> 31);
    }
}
