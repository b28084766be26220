using System.Collections;

namespace Looped.Actors.Runs;

/// <summary>Remembers which sequences the running epoch has had: a bit for each.</summary>
/// <param name="sequences">Sequences of an epoch.</param>
internal sealed class EpochTally(long sequences)
{
    private readonly BitArray _seen = new(checked((int)sequences));

    /// <summary>Takes the next sequence of the endless stream in.</summary>
    /// <param name="position">Its place in the stream; positions come in order, without gaps.</param>
    /// <param name="sequence">Which it is.</param>
    /// <returns>False if this epoch has had it. An epoch of n places without a repetition has had all n.</returns>
    public bool Add(long position, long sequence)
    {
        if (position % sequences == 0) _seen.SetAll(false);
        if (_seen[(int)sequence]) return false;
        _seen[(int)sequence] = true;
        return true;
    }
}
